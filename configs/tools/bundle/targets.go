package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// A target is one folder with sources in src and bundles in dist.
type target struct {
	dir   string
	build func(dir string) (map[string][]byte, error)
}

var targets = []target{
	{dir: "gateway/widget", build: buildWidget},
}

// buildWidget makes one bundle for the loader, one for the rest and one per locale. The loader
// knows the others by their hashes, so they are built first.
func buildWidget(dir string) (map[string][]byte, error) {
	locales, err := filepath.Glob(filepath.Join(dir, "src", "i18n", "??.ts"))
	if err != nil {
		return nil, err
	}
	entries := append([]string{filepath.Join(dir, "src", "app.ts")}, locales...)
	files := map[string][]byte{}
	hashes := map[string]string{}
	for _, entry := range entries {
		content, err := bundle(entry, api.FormatESModule, nil)
		if err != nil {
			return nil, err
		}
		base := strings.TrimSuffix(filepath.Base(entry), ".ts")
		files[base+".js"] = content
		hashes[base] = hash(content)
	}
	assets, err := json.Marshal(hashes)
	if err != nil {
		return nil, err
	}
	loader, err := bundle(filepath.Join(dir, "src", "loader.ts"), api.FormatIIFE, map[string]string{"ASSETS": string(assets)})
	if err != nil {
		return nil, err
	}
	files["loader.js"] = loader
	return files, nil
}

// hash is the part of a served name that changes with the content; gateway/widget computes the
// same from the embedded file.
func hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:5])
}

func bundle(entry string, format api.Format, define map[string]string) ([]byte, error) {
	result := api.Build(api.BuildOptions{
		EntryPoints:       []string{entry},
		Bundle:            true,
		Format:            format,
		Target:            api.ES2022,
		Charset:           api.CharsetUTF8,
		Define:            define,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		MinifyWhitespace:  true,
		LegalComments:     api.LegalCommentsInline,
		LogLevel:          api.LogLevelSilent,
		Plugins:           []api.Plugin{styles},
		Write:             false,
	})
	if len(result.Errors) > 0 {
		lines := api.FormatMessages(result.Errors, api.FormatMessagesOptions{Kind: api.ErrorMessage})
		return nil, errors.New(strings.Join(lines, ""))
	}
	if len(result.OutputFiles) != 1 {
		return nil, fmt.Errorf("%s: %d output files, want 1", entry, len(result.OutputFiles))
	}
	return result.OutputFiles[0].Contents, nil
}

// styles gives an imported style sheet to the script as a minified string, for constructable
// style sheets: esbuild's own text loader does not minify.
var styles = api.Plugin{
	Name: "styles",
	Setup: func(build api.PluginBuild) {
		build.OnLoad(api.OnLoadOptions{Filter: `\.css$`}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
			source, err := os.ReadFile(args.Path)
			if err != nil {
				return api.OnLoadResult{}, err
			}
			out := api.Transform(string(source), api.TransformOptions{
				Loader:           api.LoaderCSS,
				MinifySyntax:     true,
				MinifyWhitespace: true,
			})
			if len(out.Errors) > 0 {
				return api.OnLoadResult{Errors: out.Errors}, nil
			}
			text := strings.TrimSpace(string(out.Code))
			return api.OnLoadResult{Contents: &text, Loader: api.LoaderText}, nil
		})
	},
}
