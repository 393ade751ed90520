package problem

// The HTTP statuses of the catalogue, under net/http's names. This package is imported by every other
// one, also by those that use no transport, so it does not import net/http.
const (
	statusOK                    = 200
	statusBadRequest            = 400
	statusUnauthorized          = 401
	statusForbidden             = 403
	statusNotFound              = 404
	statusMethodNotAllowed      = 405
	statusConflict              = 409
	statusRequestEntityTooLarge = 413
	statusMisdirectedRequest    = 421
	statusUnprocessableEntity   = 422
	statusTooManyRequests       = 429
	statusInternalServerError   = 500
	statusServiceUnavailable    = 503
	statusGatewayTimeout        = 504
)
