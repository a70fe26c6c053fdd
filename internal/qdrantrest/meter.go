package qdrantrest

import "net/http"

const (
	// MaxElements bounds what is made of one body: values, members, conditions, points, names. Numbers of a vector do not
	// count, as they take no more than their text does. Two bytes of text become an element of a hundred and more.
	MaxElements = 1 << 20

	// freeElements are made before the meter is asked, meterStep is how many it is asked for at a time.
	freeElements, meterStep = 256, 1024
)

// unmetered is an error of the meter's on its way through the reader.
type unmetered struct{ error }

// element is called before anything is made of a value or a member.
func (r *reader) element() {
	if r.left--; r.left < 0 {
		r.more()
	}
}

// more asks for the elements that come next.
func (r *reader) more() {
	if r.granted += meterStep; r.granted > MaxElements {
		panic(&Error{Status: http.StatusRequestEntityTooLarge,
			Message: "Bad request: the body holds more than a million values; send less at once"})
	}
	if r.meter != nil {
		if err := r.meter(meterStep); err != nil {
			panic(unmetered{err})
		}
	}
	r.left += meterStep
}
