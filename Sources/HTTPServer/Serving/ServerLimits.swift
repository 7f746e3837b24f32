/// The bounds of a server on one loop.
package struct ServerLimits: Sendable {
    package var http = HTTPLimits()

    /// Open connections. One more is answered 503 and closed.
    package var connections = 20_000

    /// Open connections of one address.
    package var connectionsPerAddress = 1_000

    /// Loopback is exempt from the limit per address: a proxy stands there.
    package var exemptsLoopback = true

    /// Seconds that a connection may wait between requests. Longer than the 60 s of common load balancers, so
    /// that they close first.
    package var idleSeconds = 75

    /// Seconds from a request's first byte to the end of its head: what a slow client gets.
    package var headSeconds = 10

    /// Seconds without a byte of an announced body.
    package var bodyStallSeconds = 30

    /// Seconds for a body that a handler wants as a whole, however steadily it trickles in. Uploads that are
    /// taken piece by piece may take as long as they like.
    package var wholeBodySeconds = 120

    /// Seconds without the client taking a byte of an answer.
    package var writeStallSeconds = 30

    /// Seconds for which rejected bytes are still read, so that the answer is not lost in a reset.
    package var lingerSeconds = 2

    /// Bytes that are read and thrown away after an answer that did not wait for the body's end.
    package var lingerBytes = 256 * 1_024

    /// Bytes that may wait in a connection before its socket is read no further.
    package var bufferedBytes = 64 * 1_024

    /// Answers above this are compressed for clients that take gzip; below, it is not worth the time.
    package var gzipFromBytes = 1_024

    /// Nanoseconds between two looks at all deadlines: a timer for each connection would cost more than it is
    /// worth.
    package var sweepNanoseconds: Int64 = 1_000_000_000

    package init() {}
}
