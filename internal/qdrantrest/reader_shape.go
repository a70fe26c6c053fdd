package qdrantrest

// opt reads a value that may be null, which stands for its absence.
func opt[T any](r *reader, read func(*reader) T) *T {
	if r.null() {
		return nil
	}
	v := read(r)
	return &v
}

// orNil reads a message that may be null.
func orNil[T any](r *reader, read func(*reader) *T) *T {
	if r.null() {
		return nil
	}
	return read(r)
}

// list reads an array.
func list[T any](r *reader, what string, read func(*reader) T) []T {
	items := []T{}
	r.array(what, func(int) { items = append(items, read(r)) })
	return items
}

// orNone reads an array that may be null.
func orNone[T any](r *reader, what string, read func(*reader) T) []T {
	if r.null() {
		return nil
	}
	return list(r, what, read)
}

// oneOrMany reads an array, or one item in place of an array of one, or null.
func oneOrMany[T any](r *reader, what string, read func(*reader) T) []T {
	switch r.kind() {
	case 'n':
		r.null()
		return nil
	case '[':
		return list(r, what, read)
	}
	return []T{read(r)}
}

// strings reads an array of strings.
func (r *reader) strings() []string { return list(r, "an array of strings", (*reader).string) }

// enum reads a string that stands for a value of an enum.
func enum[T any](r *reader, values map[string]T, choices string) T {
	v, ok := values[r.string()]
	if !ok {
		r.fail("expected %s", choices)
	}
	return v
}

// need refuses an object that lacks a field.
func (r *reader) need(there bool, field string) {
	if !there {
		r.fail("field %q is missing", field)
	}
}

// once notes that a field with an alias was read: both spellings in one object are one field twice.
func (r *reader) once(seen *bool) {
	if *seen {
		r.fail("the field stands there twice, under two names")
	}
	*seen = true
}
