package sandbox

func parseFormula(r *reader, text string) (predicate, *failure) { return nil, fail(1254018) }
