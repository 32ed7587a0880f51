package telemetry

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A selector is a metric in an expression of Prometheus, with what its braces ask of
// labels.
type selector struct {
	metric string
	labels []string
	// words are the values that labels are compared with; patterns are taken apart.
	words []string
}

// A query is what an expression says about metrics and labels. It is not checked
// whether the expression is one: promtool does that.
type query struct {
	selectors []selector
	// grouped are the labels of by, without, on, ignoring and group_left.
	grouped []string
	// kept are those of by alone: they are what a result has.
	kept []string
}

var (
	token     = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[a-zA-Z_:][a-zA-Z0-9_:]*|[0-9][0-9a-zA-Z.]*|=~|!~|!=|>=|<=|==|\S`)
	name      = regexp.MustCompile(`^[a-zA-Z_:]`)
	operators = []string{"and", "or", "unless", "bool", "offset"}
	groupings = []string{"by", "without", "on", "ignoring", "group_left", "group_right"}
)

// readQuery takes an expression apart.
func readQuery(expr string) (query, error) {
	var q query
	tokens := token.FindAllString(expr, -1)
	at := func(i int) string {
		if i < len(tokens) {
			return tokens[i]
		}
		return ""
	}
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		switch {
		case t == "[" || slices.Contains(groupings, t) && at(i+1) == "(":
			end := i + slices.IndexFunc(tokens[i:], func(s string) bool { return s == "]" || s == ")" })
			if end < i {
				return q, fmt.Errorf("%q does not end in %s", t, expr)
			}
			if t != "[" {
				q.group(t, tokens[i+2:end])
			}
			i = end
		case !name.MatchString(t) || slices.Contains(operators, t) || at(i+1) == "(" || slices.Contains(groupings, at(i+1)):
			// A value, an operator, a function or an aggregation.
		case at(i+1) == "{":
			end := i + slices.Index(tokens[i:], "}")
			if end < i {
				return q, fmt.Errorf("the braces of %s do not end in %s", t, expr)
			}
			q.selectors = append(q.selectors, readSelector(t, tokens[i+2:end]))
			i = end
		default:
			q.selectors = append(q.selectors, selector{metric: t})
		}
	}
	return q, nil
}

func (q *query) group(how string, tokens []string) {
	for _, t := range tokens {
		if t == "," {
			continue
		}
		q.grouped = append(q.grouped, t)
		if how == "by" {
			q.kept = append(q.kept, t)
		}
	}
}

// readSelector reads what is between braces: label, operator, value, comma.
func readSelector(metric string, tokens []string) selector {
	s := selector{metric: metric}
	for len(tokens) >= 3 {
		label, value := tokens[0], strings.Trim(tokens[2], `"'`)
		s.labels = append(s.labels, label)
		if strings.HasPrefix(label, "zgoda_") && label != "zgoda_site" && !strings.HasPrefix(value, "$") {
			s.words = append(s.words, strings.Split(value, "|")...)
		}
		tokens = tokens[min(len(tokens), 4):]
	}
	return s
}
