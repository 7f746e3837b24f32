/// The bounds of one request. Whatever is above one is refused before memory grows.
package struct HTTPLimits: Sendable, Equatable {
    /// Bytes of the request line without its line end. 414 above. 8 KiB is what RFC 9112 3 asks everybody to
    /// support.
    package var requestLineBytes = 8 * 1024

    /// Bytes of the request target. 414 above. Never more than `requestLineBytes` matters.
    package var targetBytes = 8 * 1024

    /// Bytes of all header lines, line ends and the empty line included. 431 above.
    package var headerBytes = 16 * 1024

    /// Header lines. 431 above. Browsers send about 20, proxies add about 10.
    package var headerCount = 100

    /// Bytes of chunk extensions in one whole body. 400 above. No known client sends any; unbounded ones let
    /// a small body cost much (CVE-2023-39326).
    package var chunkExtensionBytes = 256

    /// Bytes of the trailer section, line ends included. 431 above. Trailers are checked and dropped.
    package var trailerBytes = 1024

    /// Bytes of a body as sent, without chunk framing. 413 above. The largest that any endpoint takes; an
    /// endpoint lowers it with `RequestParser.limitBody(to:)`.
    package var bodyBytes = 16 * 1024 * 1024

    package init() {}
}
