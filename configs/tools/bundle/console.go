package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// consoleInputs are the files and folders that the console's bundle is made of.
var consoleInputs = []string{"src", "page.html", "package.json", "package-lock.json", "tsconfig.json"}

// buildConsole makes one script and one style sheet. The script begins with the notice of its
// library's licence. SOURCES has the sum of every input and output, so that a machine without npm
// can tell that a bundle is stale (gateway/console does it in a test).
func buildConsole(dir string) (map[string][]byte, error) {
	licence, err := os.ReadFile(filepath.Join(dir, "node_modules", "preact", "LICENSE"))
	if err != nil {
		return nil, err
	}
	notice := "/*! Preact (https://preactjs.com), part of this file:\n\n" + strings.TrimSpace(string(licence)) + "\n*/"
	result := api.Build(api.BuildOptions{
		EntryPoints:       []string{filepath.Join(dir, "src", "main.tsx")},
		Outfile:           filepath.Join(dir, "dist", "console.js"),
		Bundle:            true,
		Format:            api.FormatESModule,
		Target:            api.ES2022,
		Charset:           api.CharsetUTF8,
		JSX:               api.JSXAutomatic,
		JSXImportSource:   "preact",
		Banner:            map[string]string{"js": notice},
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		MinifyWhitespace:  true,
		LegalComments:     api.LegalCommentsInline,
		LogLevel:          api.LogLevelSilent,
		Write:             false,
	})
	if len(result.Errors) > 0 {
		lines := api.FormatMessages(result.Errors, api.FormatMessagesOptions{Kind: api.ErrorMessage})
		return nil, errors.New(strings.Join(lines, ""))
	}
	files := map[string][]byte{}
	for _, f := range result.OutputFiles {
		files[filepath.Base(f.Path)] = f.Contents
	}
	if files["icon.svg"], err = os.ReadFile(filepath.Join(dir, "src", "icon.svg")); err != nil {
		return nil, err
	}
	sources, err := sums(dir, files)
	if err != nil {
		return nil, err
	}
	files["SOURCES"] = sources
	return files, nil
}

// sums lists inputs and outputs in the form of sha256sum, by name.
func sums(dir string, files map[string][]byte) ([]byte, error) {
	all := map[string][]byte{}
	for name, content := range files {
		all["dist/"+name] = content
	}
	for _, input := range consoleInputs {
		err := filepath.WalkDir(filepath.Join(dir, input), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			name, err := filepath.Rel(dir, path)
			if err != nil {
				return err
			}
			all[filepath.ToSlash(name)], err = os.ReadFile(path)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(all[name]), name)
	}
	return b.Bytes(), nil
}
