package botengine

// ReadProblems reads a flow and reports what is wrong with its form: keys,
// values, what must be there. It stops before names are resolved, where a schema
// cannot follow.
func ReadProblems(src []byte) Problems {
	r := newReader("f.yaml", src)
	if root := r.document(src); root != nil {
		r.root(root)
	}
	return r.problems
}

// StepKinds are the keys of which a step has exactly one.
func StepKinds() []string {
	kinds := make([]string, len(stepKinds))
	for i, k := range stepKinds {
		kinds[i] = string(k)
	}
	return kinds
}
