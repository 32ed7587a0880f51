package botengine

// A Shape is one mapping of the flow language with the keys that may stand in
// it. The parser reads by these shapes, and the JSON Schema and the reference
// are written from them, so none of the three can say what the others do not.
type Shape struct {
	Name string
	Doc  string
	Keys []Key
	// One lists the keys of which exactly one must stand in it, where there is
	// such a choice.
	One []string
}

// A Key is a key of a mapping with the value that belongs to it.
type Key struct {
	Name     string
	Required bool
	Value    ValueType
	Doc      string
	// When is set where the key stands only beside a certain word; NotWith lists
	// the keys beside which it may not stand, and Why says why, if that is not
	// plain.
	When    *When
	NotWith []string
	Why     string
}

// A When ties a key to another one: it may stand only where Key is Word, and
// where Must is set it then has to.
type When struct {
	Key, Word string
	Must      bool
}

// ValueKind says what a value looks like.
type ValueKind string

// The kinds of values.
const (
	ValueName      ValueKind = "name"      // a name the author gives: idPattern
	ValueStep      ValueKind = "step"      // the id of a step
	ValueEntry     ValueKind = "entry"     // the id of an entry of the same step
	ValueLocale    ValueKind = "locale"    // a language tag
	ValuePurpose   ValueKind = "purpose"   // a purpose of the site
	ValueText      ValueKind = "text"      // a text per locale
	ValueLine      ValueKind = "line"      // a text, or a mapping of shape line
	ValueEnd       ValueKind = "end"       // a line, or true
	ValueWords     ValueKind = "words"     // a list of words per locale
	ValueVariables ValueKind = "variables" // a mapping of names to templates
	ValueCondition ValueKind = "condition" // an expression
	ValueLink      ValueKind = "link"      // an address for a link
	ValuePicture   ValueKind = "picture"   // an address of an image
	ValueString    ValueKind = "string"    // one text, in the language around it
	ValueEndpoint  ValueKind = "endpoint"  // an address of another server
	ValueSaved     ValueKind = "saved"     // a mapping of variables to keys of an answer
	ValueWord      ValueKind = "word"      // one of Words
	ValueInteger   ValueKind = "integer"   // a whole number from Min to Max
	ValueNumber    ValueKind = "number"    // any number
	ValueMapping   ValueKind = "mapping"   // a mapping of the shape Of
	ValueMappings  ValueKind = "mappings"  // a list of mappings of the shape Of
	ValueList      ValueKind = "list"      // a list of values of the kind Item
)

// A ValueType describes what stands under a key.
type ValueType struct {
	Kind ValueKind
	// Of names the shape of a mapping, Item the kind of a list's items.
	Of   string
	Item ValueKind
	// Words are all that a ValueWord may be, and what a ValueMapping may be
	// instead of a mapping.
	Words []string
	// Min and Max bound a ValueInteger, and Max how long a ValueCondition, a
	// ValueList or a ValueSaved may be, where it is not 0;
	// Unset is what an integer is where it is missing.
	Min, Max, Unset int
}

// Language describes the whole flow language, the flow itself first.
func Language() []Shape {
	all := make([]Shape, len(shapes))
	for i, s := range shapes {
		all[i] = *s
	}
	return all
}

// NamePattern is what the names an author gives must look like, as a regular
// expression that RE2 and ECMA-262 read alike.
func NamePattern() string { return idPattern.String() }

// names lists the keys of a shape.
func (s *Shape) names() []string {
	names := make([]string, len(s.Keys))
	for i := range s.Keys {
		names[i] = s.Keys[i].Name
	}
	return names
}

// key finds a key of the shape. A parser that asks for one that is not in its
// shape is wrong whatever the input, and every test that reaches it fails.
func (s *Shape) key(name string) *Key {
	for i := range s.Keys {
		if s.Keys[i].Name == name {
			return &s.Keys[i]
		}
	}
	panic("botengine: the shape " + s.Name + " has no key " + name)
}
