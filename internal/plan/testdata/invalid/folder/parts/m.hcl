# A module without anything.
