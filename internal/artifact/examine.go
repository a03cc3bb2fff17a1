package artifact

// Examine is [Store.Lookup] for whoever only looks: a result that cannot be used is
// reported as a [*DamagedError] and stays where it is.
func (s *Store) Examine(fingerprint string) (*Entry, bool, error) {
	if err := checkFingerprint(fingerprint); err != nil {
		return nil, false, err
	}
	e, bad, err := s.load(fingerprint, listed)
	switch {
	case err != nil:
		return nil, false, err
	case bad != nil:
		return nil, false, &DamagedError{Fingerprint: fingerprint, Reason: bad.reason}
	}
	return e, e != nil, nil
}
