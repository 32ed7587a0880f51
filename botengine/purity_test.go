package botengine

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// allowedImports is all that production files may import. net/mail checks
// addresses, net/url and net/netip take them apart; none opens a socket. time is for dates and lengths, never for now.
var allowedImports = []string{
	"bytes", "cmp", "crypto/sha256", "encoding/hex", "errors", "fmt", "maps", "net/mail", "net/netip", "net/url", "regexp", "slices", "strconv",
	"strings", "time", "unicode", "unicode/utf8",
	"github.com/expr-lang/expr", "github.com/expr-lang/expr/ast", "github.com/expr-lang/expr/file", "github.com/expr-lang/expr/vm",
	"github.com/nyaruka/phonenumbers", "go.yaml.in/yaml/v4", "go.yaml.in/yaml/v4/plugin/loaderlimits", "golang.org/x/text/currency", "golang.org/x/text/feature/plural", "golang.org/x/text/language",
	"golang.org/x/text/message", "golang.org/x/text/number", "golang.org/x/text/unicode/norm",
}

// allowedTime is what production files may use of package time.
var allowedTime = []string{"Parse", "DateOnly", "UnixMilli", "Location"}

// TestPurity reads the production files: no clock, no randomness, no store, no
// socket, no goroutine.
func TestPurity(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, file.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, imp := range f.Imports {
			if path, _ := strconv.Unquote(imp.Path.Value); !slices.Contains(allowedImports, path) {
				t.Errorf("%s imports %s", fset.Position(imp.Pos()), path)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s starts a goroutine", fset.Position(n.Pos()))
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && !slices.Contains(allowedTime, n.Sel.Name) {
					t.Errorf("%s uses time.%s", fset.Position(n.Pos()), n.Sel.Name)
				}
			}
			return true
		})
	}
}

// TestFileLength keeps files readable.
func TestFileLength(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file.Name())
		if err != nil || !strings.HasSuffix(file.Name(), ".go") {
			continue
		}
		if n := strings.Count(string(src), "\n"); n > 600 {
			t.Errorf("%s has %d lines", file.Name(), n)
		}
	}
}
