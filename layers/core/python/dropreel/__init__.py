"""Drop a file, get a film: the domain of dropreel."""
