package botengine

import "go.yaml.in/yaml/v4"

// handoff hands the conversation over to people. Handed back, the flow goes on
// at the step's next.
type handoff struct {
	at    position
	queue string
	text  text // said while the conversation goes into the queue
	delay int64
	// away is where the flow goes where nobody is there: no operator is online,
	// or it is outside the opening hours.
	away target
	// after is how long somebody may take to answer, ms; then the conversation
	// is the bot's again and goes on at unanswered.
	after      int64
	unanswered target
}

// Bounds of a handoff, ms.
const (
	defaultHandoffMS = 3 * 60_000
	minHandoffMS     = 5_000
	maxHandoffMS     = 24 * 60 * 60_000
)

func (r *reader) handoff(n *yaml.Node) *handoff {
	m, _ := r.shaped(n, "handoff", handoffShape)
	return &handoff{
		at: at(n), queue: m.name("queue"), text: m.text("text"), delay: m.delay(),
		away: m.target("away"), unanswered: m.target("unanswered"),
		after: int64(m.integer("after_ms")),
	}
}
