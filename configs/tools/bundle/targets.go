package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// A target is one folder with sources in src and bundles in dist.
type target struct {
	dir   string
	build func(dir string) (map[string][]byte, error)
	// sizes makes the table SIZES.md of the bundles; nil: there is none.
	sizes func(files map[string][]byte) []byte
	// needs is what npm installs in dir and the bundle is made of; empty: nothing.
	needs string
}

var targets = []target{
	{dir: "gateway/widget", build: buildWidget, sizes: widgetSizes},
	{dir: "gateway/console", build: buildConsole, needs: "node_modules/preact"},
}

// buildWidget makes one bundle for the loader, one for the core, one for each part that is loaded
// when it is asked for, and one per locale. All but the loader carry one version in their served
// names, which the loader knows: so it names them without a list.
func buildWidget(dir string) (map[string][]byte, error) {
	names := map[string]any{} // what shorten made of each name, the same in every bundle
	var entries []string
	for _, pattern := range []string{"app.ts", "parts/*.ts", "i18n/??.ts", "i18n/privacy/??.ts"} {
		found, err := filepath.Glob(filepath.Join(dir, "src", pattern))
		if err != nil {
			return nil, err
		}
		entries = append(entries, found...)
	}
	files := map[string][]byte{}
	for _, entry := range entries {
		content, err := bundle(entry, api.FormatESModule, nil, names)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(filepath.Base(entry), ".ts") + ".js"
		if folder := filepath.Base(filepath.Dir(entry)); folder == "privacy" {
			name = folder + "-" + name
		}
		files[name] = content
	}
	loader, err := bundle(filepath.Join(dir, "src", "loader.ts"), api.FormatIIFE, map[string]string{"VERSION": strconv.Quote(version(files))}, names)
	if err != nil {
		return nil, err
	}
	files["loader.js"] = loader
	return files, nil
}

// version is the part of a served name that changes with any of the contents; gateway/widget
// computes the same from the embedded files.
func version(files map[string][]byte) string {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(sum, "%s %d\n", name, len(files[name]))
		sum.Write(files[name])
	}
	return hex.EncodeToString(sum.Sum(nil)[:5])
}

// shorten are names of the widget's own members and words that are long and used often. Names that
// others see may not be among them: those of frames, of what is stored, of the page and the browser.
const shorten = `^(nothingKept|loadFailed|notHere|tooLong|connecting|answered|configError|serverTime|comeBack|discard|` +
	`timeline|composer|outbox|reveal|arrived|newest|opening|nudge|hurry|settle|flying|skipLongest|speak|` +
	`changed|purpose|decided|counter|restart|resend|blocked|busy|moment|dayName|render|opened)$`

func bundle(entry string, format api.Format, define map[string]string, names map[string]any) ([]byte, error) {
	result := api.Build(api.BuildOptions{
		EntryPoints:       []string{entry},
		Bundle:            true,
		Format:            format,
		Target:            api.ES2022,
		Charset:           api.CharsetUTF8,
		Define:            define,
		MangleProps:       shorten,
		MangleCache:       names,
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
	maps.Copy(names, result.MangleCache)
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
