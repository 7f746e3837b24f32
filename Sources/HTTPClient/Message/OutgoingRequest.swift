package import Kernel

package enum OutgoingMethod: String, Sendable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
}

package struct OutgoingHeader: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
}

/// One request, and how far it may go.
package struct OutgoingRequest: Sendable {
    package struct TimeLimits: Hashable, Sendable {
        /// Name, TCP and TLS together.
        package var connect: Period
        /// Everything, from `send` to the answer's last byte; of a streamed answer, to its beginning.
        package var total: Period

        package init(connect: Period = .seconds(5), total: Period = .seconds(15)) {
            (self.connect, self.total) = (connect, total)
        }
    }

    package struct ResponseLimits: Hashable, Sendable {
        /// Body bytes taken off the wire; then the connection is closed.
        package var readBytes: Int
        /// Body bytes handed over.
        package var keptBytes: Int
        /// For `HTTPClient.open`: of a longer body the rest is handed over as it arrives, and no more than
        /// about this much waits in memory meanwhile.
        package var streamedFromBytes: Int?

        package init(readBytes: Int = 16_384, keptBytes: Int = 1_024) {
            (self.readBytes, self.keptBytes) = (readBytes, keptBytes)
        }
    }

    /// PEM, both. A kept connection is used again only with the same certificate.
    package struct ClientCertificate: Hashable, Sendable {
        package var certificate: [UInt8]
        package var key: [UInt8]

        package init(certificate: [UInt8], key: [UInt8]) {
            (self.certificate, self.key) = (certificate, key)
        }
    }

    package var method: OutgoingMethod
    package var url: OutgoingURL
    /// Without those that belong to the connection; `OutgoingError.invalidRequest` names a wrong one.
    package var headers: [OutgoingHeader]
    package var body: [UInt8]
    package var timeLimits = TimeLimits()
    package var responseLimits = ResponseLimits()
    package var allowance: Allowance
    /// False: an order. It goes out on a fresh connection or a proven one (`OpenLines`), and nothing below
    /// ever sends it a second time.
    /// True: the receiver knows a repetition when it sees one, so a kept connection may be used, and if it
    /// turns out dead the request goes out again on another.
    package var mayResend: Bool
    /// Asked when the connection stands and the first byte is about to be written: connecting takes time,
    /// and a process may be stopped in between. False: nothing is sent.
    package var mayLeave: (@Sendable () -> Bool)?
    /// An answer that comes encoded, though none was asked for, is decoded, as far as libcurl knows how:
    /// whoever must understand what passes would be blind to it.
    package var isDecoded = false
    /// Shown when the server asks for one.
    package var clientCertificate: ClientCertificate?
    /// PEM: whom the server's certificate must come from; nil: those that the settings or the system trust.
    package var authority: String?
    /// The address of ours that it leaves from; nil: the system chooses.
    package var source: IPAddress?

    package init(
        _ method: OutgoingMethod, _ url: OutgoingURL, headers: [OutgoingHeader] = [], body: [UInt8] = [],
        allowance: Allowance, mayResend: Bool
    ) {
        (self.method, self.url, self.headers, self.body) = (method, url, headers, body)
        (self.allowance, self.mayResend) = (allowance, mayResend)
    }
}

// MARK: Headers

extension OutgoingRequest {
    /// More is a mistake of ours or of whoever configures a receiver.
    static let maximumHeaderBytes = 16_384

    /// What the connection decides, not the caller: a second opinion there is request smuggling.
    private static let reserved: Set<String> = [
        "accept-encoding", "connection", "content-length", "expect", "host", "keep-alive",
        "proxy-authorization",
        "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    ]

    func checkHeaders() throws(OutgoingError) {
        var bytes = 0
        for header in headers {
            guard header.name.utf8.allSatisfy(Self.isTokenByte), !header.name.isEmpty,
                !Self.reserved.contains(header.name.lowercased())
            else { throw .invalidRequest("the header name \"\(header.name.prefix(64))\" is not allowed") }
            guard header.value.utf8.allSatisfy({ $0 == 9 || $0 >= 32 && $0 != 127 }) else {
                throw .invalidRequest(
                    "the value of the header \(header.name.prefix(64)) has a control character")
            }
            bytes += header.name.utf8.count + header.value.utf8.count
        }
        guard bytes <= Self.maximumHeaderBytes else {
            throw .invalidRequest("the headers are longer than \(Self.maximumHeaderBytes) bytes")
        }
    }

    /// RFC 9110 (5.6.2): a field name is a token.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122: true
        case 33, 35...39, 42, 43, 45, 46, 94...96, 124, 126: true
        default: false
        }
    }
}
