package job

import "context"

// Tx is a transaction of the database that jobs are kept in. Statements are written with $1, $2, … for both databases. The packages
// of the two make one of what a caller has: jobdb.SQL, jobdb.Pgx.
type Tx interface {
	// Exec returns how many rows the statement changed.
	Exec(ctx context.Context, query string, args ...any) (int64, error)
	// Query returns rows that the caller closes before the next statement.
	Query(ctx context.Context, query string, args ...any) (Rows, error)
}

// Rows are those of Tx.Query.
type Rows interface {
	Next() bool
	Scan(to ...any) error
	Err() error
	Close() error
}

// Database runs transactions. Each of its methods commits if within returns nil, and returns within's error otherwise. within is
// called once. Whoever is in one must not begin another: a database in memory has one connection.
type Database interface {
	// Write commits to the disk.
	Write(ctx context.Context, within func(ctx context.Context, tx Tx) error) error
	// Note is Write for what a power cut may undo.
	Note(ctx context.Context, within func(ctx context.Context, tx Tx) error) error
	// Read sees one state of the database, and takes no turn of who writes.
	Read(ctx context.Context, within func(ctx context.Context, tx Tx) error) error
	// Several reports whether other instances work on the same database.
	Several() bool
}

// one runs a query that returns at most one row, and reports whether it did.
func one(ctx context.Context, tx Tx, query string, args []any, to ...any) (bool, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return false, err
	}
	found := rows.Next()
	if found {
		err = rows.Scan(to...)
	}
	if closing := rows.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = rows.Err()
	}
	return found && err == nil, err
}

// each runs a query and calls row for each of its rows. row makes no statements.
func each(ctx context.Context, tx Tx, query string, args []any, row func(scan func(...any) error) error) error {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	for rows.Next() && err == nil {
		err = row(rows.Scan)
	}
	if closing := rows.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = rows.Err()
	}
	return err
}
