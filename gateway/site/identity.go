package site

// identity reads the secret that the owner's server proves its visitors' names
// with. env looks a name up in the environment.
func (r *reader) identity(root mapping, env func(string) string) []byte {
	m := r.mapping(root.vals["identity"], "identity", "secret")
	m.need("secret", "identity: {secret: env:SHOP_IDENTITY_SECRET}")
	return r.secret(m, env)
}
