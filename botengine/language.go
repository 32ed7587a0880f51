package botengine

// shapes lists all shapes, in the order of the reference.
var shapes = []*Shape{
	flowShape, stepShape, lineShape, linkShape, imageShape, countedShape, choicesShape, optionShape,
	answersShape, entryShape, nomatchShape, askShape, valueShape, consentShape, branchShape, caseShape,
	handoffShape, webhookShape, reminderShape, closingShape,
}

// Values that several shapes share.
var (
	aText     = ValueType{Kind: ValueText}
	aLine     = ValueType{Kind: ValueLine}
	aName     = ValueType{Kind: ValueName}
	aStep     = ValueType{Kind: ValueStep}
	someWords = ValueType{Kind: ValueWords}
	topicList = ValueType{Kind: ValueList, Item: ValueEntry}

	aReminder = ValueType{Kind: ValueMapping, Of: "reminder", Words: []string{noWait}}
	aClosing  = ValueType{Kind: ValueMapping, Of: "closing", Words: []string{noWait}}
	aSilence  = ValueType{Kind: ValueInteger, Min: minRemindMS, Max: maxRemindMS, Unset: minRemindMS}
	aForm     = ValueType{Kind: ValueString}

	// noWaits are the steps that do not wait for the visitor.
	noWaits = []string{"say", "branch", "handoff", "webhook", "set", "end"}

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
		{Name: "remind", Value: aReminder, Doc: "What a visitor is reminded with who says nothing at a wait. It holds for every wait that does not say otherwise."},
		{Name: "close", Value: aClosing, Doc: "When a conversation that nobody goes on with is closed. It holds for every wait that does not say otherwise."},
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
		{Name: "handoff", Value: ValueType{Kind: ValueMapping, Of: "handoff"}, Doc: "Hands the conversation over to people. Handed back, it goes on at the step's goto, or the next step."},
		{Name: "webhook", Value: ValueType{Kind: ValueMapping, Of: "webhook"}, Doc: "Asks another server, and waits for its answer."},
		{Name: "set", Value: ValueType{Kind: ValueVariables}, Doc: "Sets variables: {name: value}. A value may use {{placeholders}}. Contact fields cannot be set."},
		{Name: "end", Value: ValueType{Kind: ValueEnd}, Doc: "Ends the flow, with a last line or with true. A later message of the visitor's opens it again."},
		{Name: "goto", Value: aStep, Doc: "The step to go on at. By itself it is a step that only leads elsewhere.", NotWith: []string{"answers", "consent", "branch", "end"}},
		{Name: "remind", Value: aReminder, Doc: "The reminder of this wait, in place of the flow's; none: no reminder here. Nobody is reminded of a consent card.", NotWith: noWaits, Why: "it does not wait for the visitor"},
		{Name: "close", Value: aClosing, Doc: "When this wait is given up, in place of the flow's; none: never.", NotWith: noWaits, Why: "it does not wait for the visitor"},
	},
	One: []string{"say", "choices", "answers", "ask", "consent", "branch", "handoff", "webhook", "set", "end", "goto"},
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

var countedShape = &Shape{
	Name: "counted", Doc: "A text in as many forms as its language has plurals (CLDR): {by: count, one: \"{{count}} parcel\", other: \"{{count}} parcels\"}. Every form the language has must be there.",
	Keys: []Key{
		{Name: byKey, Required: true, Value: aName, Doc: "The variable that is counted."},
		{Name: "zero", Value: aForm, Doc: "The form of languages that have one for zero, as Arabic."},
		{Name: "one", Value: aForm, Doc: "The form for 1, and what takes the same."},
		{Name: "two", Value: aForm, Doc: "The form of languages that have one for two, as Slovene."},
		{Name: "few", Value: aForm, Doc: "The form for few, as 2, 3 and 4 in Polish."},
		{Name: "many", Value: aForm, Doc: "The form for many, as 5 in Polish."},
		{Name: "other", Value: aForm, Doc: "The form for all other numbers, and for what is no number."},
	},
}

var handoffShape = &Shape{
	Name: "handoff", Doc: "Hands the conversation over to people: it waits in a queue until somebody takes it, and the bot keeps silent until it is handed back.",
	Keys: []Key{
		{Name: "queue", Required: true, Value: aName, Doc: "The queue it waits in."},
		{Name: "text", Required: true, Value: aText, Doc: "What is said to the visitor who waits."},
		{Name: "away", Required: true, Value: aStep, Doc: "The step to go on at when nobody is there: no operator is online, or it is outside the site's opening hours."},
		{Name: "unanswered", Required: true, Value: aStep, Doc: "The step to go on at when nobody has answered in time."},
		{Name: "after_ms", Value: ValueType{Kind: ValueInteger, Min: minHandoffMS, Max: maxHandoffMS, Unset: defaultHandoffMS}, Doc: "How long somebody may take to answer, in milliseconds."},
		delayKey,
	},
}

var webhookShape = &Shape{
	Name: "webhook", Doc: "Asks another server with a signed POST. What is sent are the fields it names and nothing else; a contact field only under a grant.",
	Keys: []Key{
		{Name: "url", Required: true, Value: ValueType{Kind: ValueEndpoint}, Doc: "The server's address: https://…, or http:// to this machine alone."},
		{Name: "text", Value: aText, Doc: "What is said to the visitor before."},
		{Name: "fields", Value: ValueType{Kind: ValueList, Item: ValueName, Max: maxSent}, Doc: "The fields and variables that are sent."},
		{Name: "save", Value: ValueType{Kind: ValueSaved, Max: maxSent}, Doc: "What is kept of the answer: {variable: key of the answer}."},
		{Name: "failed", Required: true, Value: aStep, Doc: "The step to go on at when there was no good answer, or when a field may not be sent."},
		{Name: "timeout_ms", Value: ValueType{Kind: ValueInteger, Min: minWebhookMS, Max: maxWebhookMS, Unset: defaultWebhookMS}, Doc: "How long one attempt may take, in milliseconds."},
		{Name: "retries", Value: ValueType{Kind: ValueInteger, Min: 0, Max: maxRetries, Unset: defaultRetries}, Doc: "How many more attempts are made."},
	},
}

var reminderShape = &Shape{
	Name: "reminder", Doc: "What is said to a visitor who says nothing at a wait.",
	Keys: []Key{
		{Name: "after_ms", Required: true, Value: aSilence, Doc: "After how long, in milliseconds; and between one reminder and the next."},
		{Name: "times", Value: ValueType{Kind: ValueInteger, Min: 1, Max: 5, Unset: 1}, Doc: "How many times at one wait."},
		{Name: "text", Required: true, Value: aText, Doc: "What is said."},
	},
}

var closingShape = &Shape{
	Name: "closing", Doc: "The end of a conversation that nobody goes on with.",
	Keys: []Key{
		{Name: "after_ms", Required: true, Value: aSilence, Doc: "After how long without a word of the visitor's, in milliseconds."},
		{Name: "text", Value: aText, Doc: "What is said then."},
	},
}
