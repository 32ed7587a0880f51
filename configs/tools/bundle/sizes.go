package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"os"
	"slices"
)

// widgetSizes is the table of what each bundle weighs, as a page of Markdown.
func widgetSizes(files map[string][]byte) []byte {
	var b bytes.Buffer
	b.WriteString("# Sizes of the widget\n\nMade by `make widget`; bytes. gzip is what the gateway sends.\n\n| bundle | loaded | plain | gzip |\n|---|---|---:|---:|\n")
	total := map[string]int{}
	for _, name := range slices.SortedFunc(maps.Keys(files), byOrder) {
		kind, when := loaded(name)
		zipped := gzipped(files[name])
		total[kind] = max(total[kind], zipped)
		fmt.Fprintf(&b, "| %s | %s | %d | %d |\n", name, when, len(files[name]), zipped)
	}
	fmt.Fprintf(&b, "| **a chat in one language** | loader, core and the largest locale | | **%d** |\n", total["loader"]+total["core"]+total["locale"])
	return b.Bytes()
}

// byOrder sorts bundles in the order in which a page loads them.
func byOrder(a, b string) int {
	rank := func(name string) string {
		kind, _ := loaded(name)
		return map[string]string{"loader": "0", "core": "1", "locale": "2", "part": "3"}[kind] + name
	}
	return bytes.Compare([]byte(rank(a)), []byte(rank(b)))
}

func loaded(name string) (kind, when string) {
	switch {
	case name == "loader.js":
		return "loader", "with the page"
	case name == "app.js":
		return "core", "at the first hover, focus or open"
	case len(name) == len("pl.js"):
		return "locale", "with the core, the one that is spoken"
	default:
		return "part", "when it is asked for"
	}
}

func gzipped(plain []byte) int {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
	_, _ = w.Write(plain)                                 // a buffer takes everything
	_ = w.Close()
	return b.Len()
}

func compareTable(path string, sizes func(map[string][]byte) []byte, files map[string][]byte) error {
	if sizes == nil {
		return nil
	}
	got, err := os.ReadFile(path)
	if err == nil && !bytes.Equal(got, sizes(files)) {
		err = fmt.Errorf("%s is not the table of these bundles: run `make widget`", path)
	}
	return err
}
