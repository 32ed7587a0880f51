package staff

import (
	"net"
	"net/http"
	"strings"
	"time"
)

// Names of the session's cookie. The prefix makes browsers refuse one that was not
// set by this host over TLS (RFC 6265bis section 4.1.3.2); a plain connection on the
// own machine cannot have it.
const (
	cookieName      = "__Host-zgoda"
	plainCookieName = "zgoda"
)

// Cookie returns the session's secret from a request, empty where there is none.
func Cookie(r *http.Request) string {
	name := cookieName
	if plainLoopback(r) {
		name = plainCookieName
	}
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// SetCookie gives the session's secret to the browser; an empty one takes it away.
func SetCookie(w http.ResponseWriter, r *http.Request, secret string, expires time.Time) {
	c := &http.Cookie{
		Name: cookieName, Value: secret, Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteStrictMode, Expires: expires,
	}
	if plainLoopback(r) {
		c.Name, c.Secure = plainCookieName, false
	}
	if secret == "" {
		c.Expires, c.MaxAge = time.Unix(1, 0), -1
	}
	http.SetCookie(w, c)
}

// plainLoopback reports whether a request came without TLS to a name of the own
// machine. Behind a proxy that ends TLS the name is another one.
func plainLoopback(r *http.Request) bool {
	if r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		return false
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}
