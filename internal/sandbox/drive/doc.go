// Package drive serves drive/v1 medias: uploads in one call and in blocks, and temporary download addresses.
package drive
