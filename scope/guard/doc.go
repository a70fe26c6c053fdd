// Package guard cleans text on its way to a model and checks what a model says on its way out.
//
// A [Sanitizer] takes known prompt injections out of documents as they are ingested: phrases that tell a model to ignore
// its instructions, markers that pretend to be a system message, characters that a reader cannot see, hidden HTML, images
// that would carry data away, and long encoded blobs.
//
//	sanitizer, err := guard.NewSanitizer()
//	…
//	clean := sanitizer.Clean(document)
//	store(clean.Text)     // clean.Removed counts what was taken out, by pattern
//
// An [OutputChecker] finds in a model's answer what should never be there: other tenants' ids, names of collections, roles
// and keys, and canaries. [Stream] does it while the answer is being written, across the borders of its pieces.
//
// # What it is not
//
// No list of patterns stops prompt injection: whoever knows the list writes around it. The boundary between tenants is in
// the stores, where a model that was talked into anything still reads one tenant's data. This package makes the usual
// attacks fail early and visibly, and a slip visible before a user sees it. A finding in an answer is a reason to look.
package guard
