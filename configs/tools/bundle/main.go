// Bundle builds the browser code of the repository with esbuild, so that nobody needs Node
// to run it. The results are checked in beside their sources; -check compares them.
//
//	go run -C configs/tools ./bundle                   every folder
//	go run -C configs/tools ./bundle gateway/widget    one folder
//	go run -C configs/tools ./bundle -check
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("bundle: ")
	check := flag.Bool("check", false, "write nothing; fail when a bundle differs from its sources")
	root := flag.String("root", "../..", "root of the repository")
	flag.Parse()
	chosen, err := choose(flag.Args())
	if err == nil {
		err = run(*root, *check, chosen)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// choose returns the named targets, all of them where none is named.
func choose(dirs []string) ([]target, error) {
	if len(dirs) == 0 {
		return targets, nil
	}
	var chosen []target
	for _, dir := range dirs {
		i := slices.IndexFunc(targets, func(t target) bool { return t.dir == dir })
		if i < 0 {
			return nil, fmt.Errorf("nothing is bundled in %s", dir)
		}
		chosen = append(chosen, targets[i])
	}
	return chosen, nil
}

func run(root string, check bool, chosen []target) error {
	for _, t := range chosen {
		if t.needs != "" {
			if _, err := os.Stat(filepath.Join(root, t.dir, t.needs)); err != nil {
				return fmt.Errorf("%s: %s is not there: run `npm ci --ignore-scripts --prefix %s` first", t.dir, t.needs, t.dir)
			}
		}
		files, err := t.build(filepath.Join(root, t.dir))
		if err != nil {
			return fmt.Errorf("%s: %w", t.dir, err)
		}
		dist := filepath.Join(root, t.dir, "dist")
		table := filepath.Join(root, t.dir, "SIZES.md")
		switch {
		case check:
			err = errors.Join(compare(dist, files), compareTable(table, t.sizes, files))
		case t.sizes == nil:
			err = write(dist, files)
		default:
			err = errors.Join(write(dist, files), os.WriteFile(table, t.sizes(files), 0o644))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", t.dir, err)
		}
	}
	return nil
}

func write(dist string, files map[string][]byte) error {
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return err
	}
	stale, err := strangers(dist, files)
	if err != nil {
		return err
	}
	for _, name := range stale {
		if err := os.Remove(filepath.Join(dist, name)); err != nil {
			return err
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dist, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// compare reports every difference at once, so that one run tells all that is stale.
func compare(dist string, files map[string][]byte) error {
	var errs []error
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(dist, name))
		if err != nil {
			errs = append(errs, err)
		} else if !bytes.Equal(got, want) {
			errs = append(errs, fmt.Errorf("dist/%s is not what its sources build: run `go run -C configs/tools ./bundle`", name))
		}
	}
	stale, err := strangers(dist, files)
	if err != nil {
		return err
	}
	for _, name := range stale {
		errs = append(errs, fmt.Errorf("dist/%s has no source", name))
	}
	return errors.Join(errs...)
}

// strangers names the files of dist that no source builds any more.
func strangers(dist string, files map[string][]byte) ([]string, error) {
	entries, err := os.ReadDir(dist)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if _, ok := files[e.Name()]; !ok {
			names = append(names, e.Name())
		}
	}
	return names, nil
}
