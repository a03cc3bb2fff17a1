package view

import "strings"

// wrap breaks text at spaces into lines of at most width columns. Line breaks
// in the text stay, lines that start with a space (quoted code, lists) and
// words that are too long are left whole.
func wrap(text string, width int) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		if strings.HasPrefix(paragraph, " ") {
			lines = append(lines, paragraph)
			continue
		}
		line := ""
		for word := range strings.FieldsSeq(paragraph) {
			switch {
			case line == "":
				line = word
			case cells(line)+1+cells(word) > width:
				lines = append(lines, line)
				line = word
			default:
				line += " " + word
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// hang wraps text behind a first prefix; the lines after it start with as many
// spaces.
func hang(prefix, text string, width int) []string {
	lines := wrap(text, max(20, width-cells(prefix)))
	for i, line := range lines {
		if i == 0 {
			lines[i] = prefix + line
		} else if line != "" {
			lines[i] = strings.Repeat(" ", cells(prefix)) + line
		}
	}
	return lines
}

// wrapName breaks a name like linear_probe or finetune.full into lines of at
// most maxName columns, behind its separators where it has any. A point in front of a
// digit is that of a number.
func wrapName(name string) []string {
	const width = maxName
	var lines []string
	line := ""
	for _, part := range nameParts(name) {
		if line != "" && cells(line)+cells(part) > width {
			lines = append(lines, line)
			line = ""
		}
		for cells(part) > width {
			head := takeColumns(part, width)
			lines = append(lines, head)
			part = part[len(head):]
		}
		line += part
	}
	return append(lines, line)
}

func nameParts(name string) []string {
	var parts []string
	start := 0
	for i, r := range name {
		isPoint := r == '.' && i+1 < len(name) && name[i+1] >= '0' && name[i+1] <= '9'
		if strings.ContainsRune("_-. /[,", r) && !isPoint {
			parts = append(parts, name[start:i+1])
			start = i + 1
		}
	}
	return append(parts, name[start:])
}

// takeColumns is the longest head of text that fits, at least one character.
func takeColumns(text string, width int) string {
	used := 0
	for i, r := range text {
		used += cells(string(r))
		if used > width && i > 0 {
			return text[:i]
		}
	}
	return text
}
