// Package base serves bases, tables, columns and views (bitable/v1 without records), and opens a base or a table for the families that
// work inside one.
package base
