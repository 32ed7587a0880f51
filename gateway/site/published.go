package site

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"zgoda/botengine"
)

// noticeVersion is the version of the canonical JSON's shape.
const noticeVersion = 1

// Published is what a notice's hash is computed over: the card word by word, and
// the facts behind the panel it may point to.
type Published struct {
	Version     int                    `json:"version"`
	Site        string                 `json:"site"`
	Locale      string                 `json:"locale"`
	Title       string                 `json:"title"`
	Body        string                 `json:"body"`
	Purposes    []botengine.CardText   `json:"purposes"`
	Fields      []botengine.CardText   `json:"fields"`
	Withdraw    string                 `json:"withdraw"`
	Accept      string                 `json:"accept"`
	Decline     string                 `json:"decline"`
	Policy      botengine.NoticePolicy `json:"policy"`
	Required    bool                   `json:"consent_required"`
	ValidDays   map[string]int         `json:"valid_days"`
	Controller  Party                  `json:"controller"`
	Processor   Party                  `json:"processor"`
	Recipients  []string               `json:"recipients"`
	Retention   Retention              `json:"retention"`
	Authority   Authority              `json:"authority"`
	Information string                 `json:"information"` // hash of the panel's canonical JSON
}

// ReadNotice reads the canonical JSON of a notice, as the ledger keeps it. Notices
// of newer versions of this program are an error.
func ReadNotice(canonical string) (Published, error) {
	var p Published
	if err := json.Unmarshal([]byte(canonical), &p, json.RejectUnknownMembers(true)); err != nil {
		return Published{}, errors.New("read notice: not the text of a notice")
	}
	if p.Version != noticeVersion {
		return Published{}, fmt.Errorf("read notice: version %d is not known, only %d is", p.Version, noticeVersion)
	}
	return p, nil
}
