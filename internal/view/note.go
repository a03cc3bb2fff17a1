package view

import "sslpipe/internal/schema"

// AttributeNote says in a few words what type, limits and default an attribute has:
// whole number, at least 1, default 64.
func AttributeNote(f schema.Field) string { return attributeNote(f) }
