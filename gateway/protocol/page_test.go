package protocol

import "testing"

// Paths and what becomes of them; the widget's tests run the same list.
var MaskedPaths = map[string]string{
	"/":                                   "/",
	"/cart":                               "/cart",
	"/rośliny/lawenda-2":                  "/rośliny/lawenda-2",
	"/p/123456":                           "/p/123456",
	"/p/1234567":                          "/p/*",
	"/tel/600%20100%20200":                "/tel/*",
	"/u/ala@example.com/orders":           "/u/*/orders",
	"/u/ala%40example.com":                "/u/*",
	"/reset/dGhpc0lzQVNlY3JldEtleQ":       "/reset/*",
	"/reset/aB3-xYz_QwErTyUiOp-Lk":        "/reset/*",
	"/blog/jak-dbac-o-lawende-przez-zime": "/blog/jak-dbac-o-lawende-przez-zime",
	"/a/%zz/b":                            "/a/*/b",
	"/a/%ff":                              "/a/*",
}

func TestP9_PathsAreMasked(t *testing.T) {
	t.Parallel()
	for path, want := range MaskedPaths {
		if got := MaskPath(path); got != want {
			t.Errorf("MaskPath(%q) = %q, want %q", path, got, want)
		}
		if got := MaskPath(want); got != want {
			t.Errorf("a masked path is masked again: %q becomes %q", want, got)
		}
	}
}
