// Package contact serves contact/v3 lookups of people by email and mobile number.
package contact
