package dataset

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// readDocuments reads a folder of documents, arranged as image folders are. What lies
// beside the folders of classes, as lists of addresses do in the reviews of IMDb, is
// left alone.
func readDocuments(c *corpus, t tree, _ Columns) error {
	var names []string
	for _, name := range t.names() {
		if isText(name) {
			names = append(names, name)
		} else {
			c.ignored++
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("holds no files of text (%s)", strings.Join(textEndings, ", "))
	}
	places, err := placeDocuments(names)
	if err != nil {
		return err
	}
	for _, name := range names {
		p, ok := places[name]
		if !ok {
			c.ignored++
			continue
		}
		if err := c.withFile(t, name, func(b blob) error { return c.addFile(name, b, p) }); err != nil {
			return err
		}
	}
	return nil
}

// addFile appends a file as a document.
func (c *corpus) addFile(name string, b blob, p place) error {
	if b.Size() > int64(c.opener.limits.document) {
		return fmt.Errorf("%s: %w", shown(name), c.tooLong())
	}
	text, err := io.ReadAll(c.reader(b))
	if err != nil {
		return fmt.Errorf("%s: %w", shown(name), err)
	}
	return c.add(textPlace{file: name}, p.part, p.class, string(text))
}

// placeDocuments reads parts and classes from paths. A class called unsup is none: it
// holds IMDb's documents without labels. What is no document has no place.
func placeDocuments(names []string) (map[string]place, error) {
	a, places, hasClasses := arrange(names), map[string]place{}, false
	var loose []string // files that lie in a part's folder, in none for a class
	for _, name := range names {
		p, err := a.place(name)
		switch {
		case errors.Is(err, errBeside):
			continue
		case errors.Is(err, errNoClass):
			loose = append(loose, name)
		case err != nil:
			return nil, fmt.Errorf("%s: %w", shown(name), err)
		case wordParts[p.class] == partUnlabelled:
			p = place{part: partUnlabelled}
		default:
			hasClasses = hasClasses || p.class != ""
		}
		places[name] = p
	}
	if hasClasses {
		for _, name := range loose {
			delete(places, name)
		}
	}
	return places, nil
}
