/// Where a body's bytes come from: a connection, or an array in tests.
protocol BodySource: AnyObject {
    /// The next bytes as sent, or nil at the end.
    nonisolated(nonsending) func nextPart() async throws(BodyError) -> [UInt8]?
    /// Lowers the limit of what is still to come.
    func limitBody(to bytes: Int) throws(BodyError)
}

/// Why a body could not be read to its end.
package enum BodyError: Error, Equatable, Sendable {
    /// It broke the rules of RFC 9112 or a limit.
    case refused(RequestError)
    /// It is not valid gzip, or expands beyond the limits.
    case encoding(String)
    case tooLarge(limitBytes: Int)
    /// The client went away, or sent nothing for too long.
    case disconnected
    case timedOut
}

/// A body that is read piece by piece, so that an upload of any size needs little memory. Bytes that the handler
/// does not take stay in the socket: that is the back-pressure.
package final class RequestBody {
    private let source: (any BodySource)?
    private let decoder: GzipDecoder?
    private var isAtEnd: Bool
    /// Whether anything was asked for: only then is a waiting client told to continue.
    private(set) var isTouched = false

    init(source: (any BodySource)?, decoder: GzipDecoder?) {
        self.source = source
        self.decoder = decoder
        isAtEnd = source == nil
    }

    /// The next decoded bytes, never empty; nil at the end.
    package nonisolated(nonsending) func next() async throws(BodyError) -> [UInt8]? {
        isTouched = true
        while !isAtEnd, let source {
            guard let part = try await source.nextPart() else {
                isAtEnd = true
                let rest = try decode(part: nil)
                return rest.isEmpty ? nil : rest
            }
            let bytes = try decode(part: part)
            if !bytes.isEmpty { return bytes }
        }
        return nil
    }

    /// The whole body, at most `limit` decoded bytes.
    package nonisolated(nonsending) func collect(limit: Int) async throws(BodyError) -> [UInt8] {
        if decoder == nil { try source?.limitBody(to: limit) }
        var bytes: [UInt8] = []
        while let part = try await next() {
            guard bytes.count + part.count <= limit else { throw .tooLarge(limitBytes: limit) }
            if bytes.isEmpty { bytes = part } else { bytes.append(contentsOf: part) }
        }
        return bytes
    }

    private func decode(part: [UInt8]?) throws(BodyError) -> [UInt8] {
        guard let decoder else { return part ?? [] }
        do {
            guard let part else {
                try decoder.finish()
                return []
            }
            return try decoder.decode(part)
        } catch {
            throw .encoding(error.description)
        }
    }
}
