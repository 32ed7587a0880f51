package botengine

// shapes lists all shapes, in the order of the reference.
var shapes = []*Shape{
	flowShape, stepShape, lineShape, linkShape, imageShape, choicesShape, optionShape,
	answersShape, entryShape, nomatchShape, askShape, valueShape, consentShape, branchShape, caseShape,
}

// Values that several shapes share.
var (
	aText     = ValueType{Kind: ValueText}
	aLine     = ValueType{Kind: ValueLine}
	aName     = ValueType{Kind: ValueName}
	aStep     = ValueType{Kind: ValueStep}
	someWords = ValueType{Kind: ValueWords}
	topicList = ValueType{Kind: ValueList, Item: ValueEntry}

	delayKey = Key{
		Name: "delay_ms", Value: ValueType{Kind: ValueInteger, Min: 0, Max: 10_000},
		Doc: "How long the visitor sees that the bot is typing before the line appears, in milliseconds.",
	}
)

var flowShape = &Shape{
	Name: "flow", Doc: "A flow file: what the bot says and asks, step by step.",
	Keys: []Key{
		{Name: "flow", Required: true, Value: aName, Doc: "The flow's name, for people and logs."},
		{Name: "locales", Required: true, Value: ValueType{Kind: ValueList, Item: ValueLocale}, Doc: "The languages of the texts, as language tags: [pl, en]. Every text must exist in each of them."},
		{Name: "fallback", Value: ValueType{Kind: ValueLocale}, Doc: "One of the locales, which stands in where a text is missing. Without it a missing text is a mistake."},
		{Name: "steps", Required: true, Value: ValueType{Kind: ValueMappings, Of: "step"}, Doc: "The steps. A conversation begins at the first one. A step that does not say where to go on is followed by the next in the list."},
	},
}

var stepShape = &Shape{
	Name: "step", Doc: "One step: an id, and exactly one key that says what it does.",
	Keys: []Key{
		{Name: "id", Required: true, Value: aName, Doc: "The step's name, unique in the flow. Conversations remember it: renaming a step moves running ones to the nearest answers."},
		{Name: "say", Value: aLine, Doc: "The bot says something and goes on."},
		{Name: "choices", Value: ValueType{Kind: ValueMapping, Of: "choices"}, Doc: "A question with buttons; waits for the visitor."},
		{Name: "answers", Value: ValueType{Kind: ValueMapping, Of: "answers"}, Doc: "Answers typed questions; waits for the visitor. Its entries answer at every other wait of the flow, too."},
		{Name: "ask", Value: ValueType{Kind: ValueMapping, Of: "ask"}, Doc: "Asks for one value and checks it; waits for the visitor."},
		{Name: "consent", Value: ValueType{Kind: ValueMapping, Of: "consent"}, Doc: "Shows the consent card; waits for the visitor. Its words come from the site and cannot be changed here."},
		{Name: "branch", Value: ValueType{Kind: ValueMapping, Of: "branch"}, Doc: "Goes on by conditions."},
		{Name: "set", Value: ValueType{Kind: ValueVariables}, Doc: "Sets variables: {name: value}. A value may use {{placeholders}}. Contact fields cannot be set."},
		{Name: "end", Value: ValueType{Kind: ValueEnd}, Doc: "Ends the flow, with a last line or with true. A later message of the visitor's opens it again."},
		{Name: "goto", Value: aStep, Doc: "The step to go on at. By itself it is a step that only leads elsewhere.", NotWith: []string{"answers", "consent", "branch", "end"}},
	},
	One: []string{"say", "choices", "answers", "ask", "consent", "branch", "set", "end", "goto"},
}

var lineShape = &Shape{
	Name: "line", Doc: "Something the bot says, with more than a text.",
	Keys: []Key{
		{Name: "text", Required: true, Value: aText, Doc: "What is said."},
		{Name: "link", Value: ValueType{Kind: ValueMapping, Of: "link"}, Doc: "A link under the text."},
		{Name: "image", Value: ValueType{Kind: ValueMapping, Of: "image"}, Doc: "A picture under the text."},
		delayKey,
	},
}

var linkShape = &Shape{
	Name: "link", Doc: "A link under a line.",
	Keys: []Key{
		{Name: "label", Required: true, Value: aText, Doc: "What the link says."},
		{Name: "url", Required: true, Value: ValueType{Kind: ValueLink}, Doc: "https://…, or a path on the visitor's page that begins with / or #."},
	},
}

var imageShape = &Shape{
	Name: "image", Doc: "A picture under a line.",
	Keys: []Key{
		{Name: "url", Required: true, Value: ValueType{Kind: ValuePicture}, Doc: "https://…, or a path on the visitor's page that begins with /."},
		{Name: "alt", Required: true, Value: aText, Doc: "What the picture shows, for who cannot see it."},
	},
}

var choicesShape = &Shape{
	Name: "choices", Doc: "A question with buttons. Typing a button's label, or one of its words, is a press.",
	Keys: []Key{
		{Name: "text", Required: true, Value: aText, Doc: "The question."},
		{Name: "repeat", Value: aText, Doc: "The question when it is put again after something else was answered. Without it the text is repeated."},
		{Name: "options", Required: true, Value: ValueType{Kind: ValueMappings, Of: "option"}, Doc: "The buttons."},
		{Name: "save", Value: aName, Doc: "A variable that keeps the id of the chosen option."},
		delayKey,
	},
}

var optionShape = &Shape{
	Name: "option", Doc: "A button.",
	Keys: []Key{
		{Name: "id", Required: true, Value: aName, Doc: "Its name, unique in the step."},
		{Name: "label", Required: true, Value: aText, Doc: "What stands on it."},
		{Name: "match", Value: someWords, Doc: "What a visitor may type instead of pressing it, beside the label. The whole line must be it; case and accents do not matter."},
		{Name: "goto", Value: aStep, Doc: "The step it leads to. Without it: the step's own goto, or the next step."},
	},
}

var answersShape = &Shape{
	Name: "answers", Doc: "A list of questions the bot can answer.",
	Keys: []Key{
		{Name: "text", Required: true, Value: aText, Doc: "What is said when the flow comes here."},
		{Name: "topics", Value: topicList, Doc: "Entries that are offered as buttons under the text."},
		{Name: "entries", Required: true, Value: ValueType{Kind: ValueMappings, Of: "entry"}, Doc: "The questions with their answers."},
		{Name: "nomatch", Required: true, Value: ValueType{Kind: ValueMapping, Of: "nomatch"}, Doc: "What happens when nothing matches."},
	},
}

var entryShape = &Shape{
	Name: "entry", Doc: "One question with its answer.",
	Keys: []Key{
		{Name: "id", Required: true, Value: aName, Doc: "Its name, unique in the step."},
		{Name: "title", Required: true, Value: aText, Doc: "What stands on its button."},
		{Name: "match", Required: true, Value: someWords, Doc: "Words and phrases that ask for it, anywhere in the visitor's line. A star at the end matches every ending: godzin*. A longer phrase counts more than a word."},
		{Name: "say", Required: true, Value: aLine, Doc: "The answer."},
		{Name: "goto", Value: aStep, Doc: "The step to go on at after the answer. Without it the flow stays where it waits."},
	},
}

var nomatchShape = &Shape{
	Name: "nomatch", Doc: "What the bot says when it did not understand.",
	Keys: []Key{
		{Name: "text", Required: true, Value: aText, Doc: "What is said."},
		{Name: "topics", Value: topicList, Doc: "Entries that are offered as buttons."},
	},
}

var askShape = &Shape{
	Name: "ask", Doc: "A question for one value. A contact field (types name, email and phone, and fields that the site's notice names) is asked only under a grant, and never twice.",
	Keys: []Key{
		{Name: "field", Required: true, Value: aName, Doc: "The name of the value: a contact field of the site, or a variable."},
		{Name: "type", Required: true, Value: ValueType{Kind: ValueWord, Words: askTypes}, Doc: "What the value must be. Phone numbers without a prefix are read as of the site's region, dates as the locale writes them; one_of takes one of options."},
		{Name: "text", Required: true, Value: aText, Doc: "The question."},
		{Name: "repeat", Value: aText, Doc: "The question when it is put again after something else was answered. Without it the text is repeated."},
		{Name: "invalid", Required: true, Value: aText, Doc: "What is said to an answer that will not do. The bot adds a hint where it knows what is wrong."},
		{Name: "tries", Value: ValueType{Kind: ValueInteger, Min: 1, Max: 10, Unset: 3}, Doc: "How many answers that will not do are taken before the flow goes on at failed."},
		{Name: "failed", Value: aStep, Doc: "The step to go on at when the tries are used up, or when the value may not be asked for. Without it: the step's own goto, or the next step."},
		{Name: "options", Value: ValueType{Kind: ValueMappings, Of: "value"}, Doc: "The values of type one_of, as buttons. It must have them, and no other type may.", When: &When{Key: "type", Word: "one_of", Must: true}},
		{Name: "min", Value: ValueType{Kind: ValueNumber}, Doc: "The smallest value of type number.", When: &When{Key: "type", Word: "number"}},
		{Name: "max", Value: ValueType{Kind: ValueNumber}, Doc: "The largest value of type number.", When: &When{Key: "type", Word: "number"}},
		delayKey,
	},
}

var valueShape = &Shape{
	Name: "value", Doc: "A value of an ask of type one_of. Its id is what the field keeps.",
	Keys: optionShape.Keys[:3],
}

var consentShape = &Shape{
	Name: "consent", Doc: "A consent step. Only the card's button, or one of a short list of exact phrases, grants; nothing is inferred. The first purpose of the site carries the contact and comes before the others.",
	Keys: []Key{
		{Name: "purposes", Required: true, Value: ValueType{Kind: ValueList, Item: ValuePurpose}, Doc: "What consent is asked for: purposes of the site, as lead_contact or marketing_email. Several are asked one after another."},
		{Name: "granted", Value: aStep, Doc: "The step to go on at after a yes. Without it: the next step."},
		{Name: "declined", Value: aStep, Doc: "The step to go on at after a no. Without it: the next step."},
	},
}

var branchShape = &Shape{
	Name: "branch", Doc: "A fork. The first case whose condition holds is taken.",
	Keys: []Key{
		{Name: "when", Required: true, Value: ValueType{Kind: ValueMappings, Of: "case"}, Doc: "The cases."},
		{Name: "else", Required: true, Value: aStep, Doc: "The step to go on at when no case holds."},
	},
}

var caseShape = &Shape{
	Name: "case", Doc: "One case of a branch.",
	Keys: []Key{
		{Name: "if", Required: true, Value: ValueType{Kind: ValueCondition, Max: maxCondition}, Doc: "An expression that is true or false. It can read vars.NAME, consent.PURPOSE (granted, declined, …), held.FIELD, locale, page, operators_online and open (opening hours), and use ==, !=, <, >, in, contains, startsWith, endsWith, matches, and, or, not, len() and lower()."},
		{Name: "goto", Required: true, Value: aStep, Doc: "The step it leads to."},
	},
}
