package qdrant

// SetPage changes how many records are read at once.
func (s *Server) SetPage(n uint32) { s.page = n }
