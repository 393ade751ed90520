// Package record serves the records of bitable/v1: reading with filters, sorting and paging, and writing with the conversion of values.
package record
