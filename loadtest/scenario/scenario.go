package scenario

import (
	"slices"
	"time"
)

// A Scenario is a checked scenario file.
type Scenario struct {
	Name  string
	About string
	// Site and Locale are the visitors'; Seed makes the plan.
	Site   string
	Locale string
	Seed   uint64

	Arrivals Arrivals
	Visitors Visitors
	// Operators take conversations over; nobody does where Count is 0.
	Operators Operators
	Idle      Idle
	Faults    []Fault
	// Expect are targets such as turn.p99<50ms.
	Expect []Target
	// Finish is how long visitors who are under way at the end may go on.
	Finish time.Duration
}

// Arrivals say at what rate visitors come.
type Arrivals struct {
	// Random spaces arrivals as independent people do (a Poisson process);
	// otherwise they are even.
	Random bool
	Phases []Phase
}

// Shapes of a phase.
const (
	ShapeSteady = "steady"
	ShapeRamp   = "ramp"
	ShapeStep   = "step"
	ShapeSpike  = "spike"
)

// A Phase is a stretch of the arrivals. Rates are visitors a second.
type Phase struct {
	Shape    string
	Length   time.Duration
	Rate     float64
	From     float64       // ramp, step: the rate at the beginning
	Steps    int           // step
	Peak     float64       // spike: the rate in the middle
	PeakTime time.Duration // spike: how long
}

// A Kind is what sort of visitor somebody is.
type Kind string

// Kinds of visitors.
const (
	Agrees       Kind = "agrees"        // agrees and leaves a contact
	Declines     Kind = "declines"      // declines and asks questions
	WrongAnswers Kind = "wrong_answers" // types details without consent, wrong addresses
	Abandons     Kind = "abandons"      // leaves in the middle, unanswered
	Reloads      Kind = "reloads"       // loses the connection or reloads after each step
	SecondTab    Kind = "second_tab"    // goes on in two tabs at once
	Withdraws    Kind = "withdraws"     // agrees, then withdraws
	AsksPerson   Kind = "asks_person"   // asks for a person
	ReadsSlowly  Kind = "reads_slowly"  // reads nothing for a while
	SendsGarbage Kind = "sends_garbage" // sends what is no frame of the protocol
	Questions    Kind = "questions"     // only asks questions
)

// Kinds lists every kind of visitor, in the order of a plan's draws.
var Kinds = []Kind{
	Agrees, Declines, WrongAnswers, Abandons, Reloads, SecondTab, Withdraws, AsksPerson, ReadsSlowly, SendsGarbage, Questions,
}

// Visitors say how visitors behave.
type Visitors struct {
	// Mix holds the weight of each kind.
	Mix map[Kind]int
	// Enter is the option of the greeting that leads to the consent card; empty
	// asks for the card as the privacy item of the widget does.
	Enter string
	// MarketingPercent of those who are asked agree to marketing too.
	MarketingPercent int
	// Questions are typed as they are; Person is the question for a person.
	Questions []string
	Person    string
	// Think is the time before an act, Typing the time for one character.
	Think  Distribution
	Typing Distribution
	// Reconnect is how a visitor comes back: the first attempt after a uniform
	// part of ReconnectFirst, later ones after a part of a window that doubles up
	// to ReconnectMax.
	ReconnectFirst time.Duration
	ReconnectMax   time.Duration
}

// Operators say how people behave who answer.
type Operators struct {
	Count int
	// TakeAfter is how long they look before they take a conversation, Think and
	// Typing what they need for a line.
	TakeAfter Distribution
	Think     Distribution
	Typing    Distribution
	// Lines is the most they say in a conversation.
	Lines int
	// How often they end by handing back to the bot, passing on to a colleague, or
	// closing, by weight.
	HandBack, Transfer, Close int
}

// Idle says how many sockets are held with a conversation attached and nobody
// typing.
type Idle struct {
	Sockets int
	// Rate is how many are opened a second.
	Rate float64
	// Drops cut some of them, to see them come back.
	Drops []Drop
}

// A Drop cuts idle sockets at once, without a close frame.
type Drop struct {
	At      time.Duration
	Percent int
}

// Length is how long visitors arrive.
func (s *Scenario) Length() time.Duration {
	var sum time.Duration
	for _, p := range s.Arrivals.Phases {
		sum += p.Length
	}
	return sum
}

// Expected is how many visitors arrive on average.
func (s *Scenario) Expected() float64 {
	var sum float64
	for _, p := range s.Arrivals.Phases {
		for _, g := range p.segments() {
			sum += g.area()
		}
	}
	return sum
}

// PeakRate is the highest rate of arrivals, in visitors a second.
func (s *Scenario) PeakRate() float64 {
	var most float64
	for _, p := range s.Arrivals.Phases {
		for _, g := range p.segments() {
			most = max(most, g.from, g.to)
		}
	}
	return most
}

// weight is the sum of the mix.
func (v *Visitors) weight() int {
	sum := 0
	for _, w := range v.Mix {
		sum += w
	}
	return sum
}

// draw picks a kind; at is in [0, 1).
func (v *Visitors) draw(at float64) Kind {
	left := at * float64(v.weight())
	for _, k := range Kinds {
		if left -= float64(v.Mix[k]); left < 0 {
			return k
		}
	}
	// Rounding: the last kind that has a weight.
	for _, k := range slices.Backward(Kinds) {
		if v.Mix[k] > 0 {
			return k
		}
	}
	return Questions
}
