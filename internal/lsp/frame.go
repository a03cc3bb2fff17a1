package lsp

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// maxMessage limits what one message can make the server hold in memory. It is
// far more than the longest pipeline file, with every character escaped.
const maxMessage = 16 << 20

// errTooLong is about a message that was skipped; the next one can be read.
var errTooLong = fmt.Errorf("the message is longer than %d bytes", maxMessage)

// readFrame reads one message: header lines, an empty line, and as many bytes as
// Content-Length says. It returns io.EOF only between messages. After any other
// error but errTooLong it is not known where the next message begins.
func readFrame(r *bufio.Reader) ([]byte, error) {
	length, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	if length > maxMessage {
		if _, err := io.CopyN(io.Discard, r, length); err != nil {
			return nil, io.ErrUnexpectedEOF
		}
		return nil, errTooLong
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	return body, nil
}

// readHeader returns the Content-Length. Other header fields mean nothing here:
// the only encoding that the protocol knows is UTF-8.
func readHeader(r *bufio.Reader) (int64, error) {
	length := int64(-1)
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF) && first && len(line) == 0:
			return 0, io.EOF
		case errors.Is(err, io.EOF):
			return 0, io.ErrUnexpectedEOF
		case err != nil:
			return 0, fmt.Errorf("read header: %w", err)
		}
		text := strings.TrimRight(string(line), "\r\n")
		if text == "" && length < 0 {
			return 0, errors.New("a header without Content-Length")
		}
		if text == "" {
			return length, nil
		}
		name, value, ok := strings.Cut(text, ":")
		if !ok {
			return 0, fmt.Errorf("%.40q is not a header line", text)
		}
		if !strings.EqualFold(name, "Content-Length") {
			continue
		}
		if length, err = strconv.ParseInt(strings.TrimSpace(value), 10, 64); err != nil || length < 0 {
			return 0, fmt.Errorf("%.40q is not a length", value)
		}
	}
}

// writeFrame writes one message.
func writeFrame(w io.Writer, message any) error {
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return err
}
