package site

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Sites are all sites of a gateway, by key. They are immutable.
type Sites struct {
	byKey map[string]*Site
}

// LoadDir reads every *.yaml file of a folder as a site. The error is Problems:
// all that is wrong with all of them.
func LoadDir(dir string, o Options) (*Sites, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, Problems{{File: dir, Line: 1, Column: 1, Message: unreadable(err)}}
	}
	sites := &Sites{byKey: map[string]*Site{}}
	var problems Problems
	found := false
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case e.IsDir() || strings.HasPrefix(e.Name(), "."):
			continue
		case filepath.Ext(path) == ".yml":
			problems = append(problems, Problem{File: path, Line: 1, Column: 1, Message: "site files end in .yaml; rename it"})
			continue
		case filepath.Ext(path) != ".yaml":
			continue
		}
		found = true
		s, wrong := load(path, o)
		if len(wrong) > 0 {
			problems = append(problems, wrong...)
			continue
		}
		problems = append(problems, sites.add(s)...)
	}
	if !found {
		problems = append(problems, Problem{File: dir, Line: 1, Column: 1, Message: "there is no site file (*.yaml) in this folder"})
	}
	if err := asError(problems); err != nil {
		return nil, err
	}
	return sites, nil
}

// add refuses a key that another file has: their visitors would mix.
func (ss *Sites) add(s *Site) Problems {
	if first := ss.byKey[s.Key]; first != nil {
		return Problems{{
			File: s.File, Line: s.keyAt.line, Column: s.keyAt.column,
			Message: fmt.Sprintf("key %q is the key of %s too; give each site its own", s.Key, first.File),
		}}
	}
	ss.byKey[s.Key] = s
	return nil
}

// Get returns the site with this key.
func (ss *Sites) Get(key string) (*Site, bool) {
	s, ok := ss.byKey[key]
	return s, ok
}

// Keys lists the keys in order.
func (ss *Sites) Keys() []string {
	return slices.Sorted(maps.Keys(ss.byKey))
}

// All returns the sites in the order of their keys.
func (ss *Sites) All() []*Site {
	all := make([]*Site, 0, len(ss.byKey))
	for _, key := range ss.Keys() {
		all = append(all, ss.byKey[key])
	}
	return all
}
