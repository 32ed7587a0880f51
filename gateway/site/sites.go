package site

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
)

// Sites are all sites of a gateway, by key. Which there are does not change; one may be
// replaced by a revision of it. All methods may be called concurrently.
type Sites struct {
	byKey map[string]*atomic.Pointer[Site]
}

// LoadDir reads every *.yaml file of a folder as a site. The error is Problems:
// all that is wrong with all of them.
func LoadDir(dir string, o Options) (*Sites, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, Problems{{File: dir, Line: 1, Column: 1, Message: unreadable(err)}}
	}
	sites := &Sites{byKey: map[string]*atomic.Pointer[Site]{}}
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
	if first, ok := ss.Get(s.Key); ok {
		return Problems{{
			File: s.File, Line: s.keyAt.line, Column: s.keyAt.column,
			Message: fmt.Sprintf("key %q is the key of %s too; give each site its own", s.Key, first.File),
		}}
	}
	ss.byKey[s.Key] = &atomic.Pointer[Site]{}
	ss.byKey[s.Key].Store(s)
	return nil
}

// Replace puts a revision of a site in its place. Whoever has the old one finishes what
// it does with that.
func (ss *Sites) Replace(s *Site) {
	if p := ss.byKey[s.Key]; p != nil {
		p.Store(s)
	}
}

// Get returns the site with this key.
func (ss *Sites) Get(key string) (*Site, bool) {
	p, ok := ss.byKey[key]
	if !ok {
		return nil, false
	}
	return p.Load(), true
}

// Keys lists the keys in order.
func (ss *Sites) Keys() []string {
	return slices.Sorted(maps.Keys(ss.byKey))
}

// All returns the sites in the order of their keys.
func (ss *Sites) All() []*Site {
	all := make([]*Site, 0, len(ss.byKey))
	for _, key := range ss.Keys() {
		all = append(all, ss.byKey[key].Load())
	}
	return all
}
