/// Where a body's bytes come from: a connection, or an array in tests.
protocol BodySource: AnyObject {
    /// The next bytes as sent, or nil at the end.
    nonisolated(nonsending) func nextPart() async throws(BodyError) -> [UInt8]?
    /// Lowers the limit of what is still to come.
    func limitBody(to bytes: Int) throws(BodyError)
    /// All of it is waited for: it does not trickle in for as long as it likes.
    func bodyIsAwaited()
}

/// Why a body could not be read to its end.
package enum BodyError: Error, Equatable, Sendable {
    /// It broke the rules of RFC 9112 or a limit.
    case refused(RequestError)
    /// It is not valid gzip, or expands beyond the limits.
    case encoding(GzipError)
    /// Its Content-Encoding is none that we speak.
    case unknownEncoding
    case tooLarge(limitBytes: Int)
    /// The client went away, or sent nothing for too long.
    case disconnected
    case timedOut
    /// Whoever sends it may not any more.
    case unwelcome
}

/// A body that is read piece by piece, so that an upload of any size needs little memory. Bytes that the
/// handler does not take stay in the socket: that is the back-pressure.
package final class RequestBody {
    private enum Coding {
        case identity
        case gzip(GzipDecoder?)
        case unknown
    }

    /// Decompressed bytes that a streamed upload may reach; an endpoint that collects its body sets its own
    /// limit.
    private static let decodedBytes = 1 << 36

    /// Asked about each part that came, before anybody sees it.
    package var isWelcome: (nonisolated(nonsending) () async -> Bool)?

    /// It was there as a whole when this was made.
    package let isHere: Bool

    private var source: (any BodySource)?
    private let coding: Coding
    private var isAtEnd: Bool
    private var isBegun = false
    /// All of it, once `collect` gave it.
    private var collected: [UInt8]?

    init(source: (any BodySource)?, contentEncoding: String?, isHere: Bool = false) {
        self.source = source
        self.isHere = isHere
        isAtEnd = source == nil
        switch ContentCoding(contentEncoding: contentEncoding) {
        case .identity: coding = .identity
        case .gzip: coding = .gzip(try? GzipDecoder(limits: GzipLimits(decodedBytes: Self.decodedBytes)))
        case nil: coding = .unknown
        }
    }

    /// A body that is there already; for tests.
    package convenience init(bytes: [UInt8], contentEncoding: String? = nil) {
        self.init(
            source: bytes.isEmpty ? nil : ArraySource(bytes), contentEncoding: contentEncoding, isHere: true)
    }

    package var isEmpty: Bool { source == nil }

    /// The next decoded bytes, never empty; nil at the end.
    package nonisolated(nonsending) func next() async throws(BodyError) -> [UInt8]? {
        isBegun = true
        while !isAtEnd, let source {
            guard let part = try await source.nextPart() else {
                isAtEnd = true
                let rest = try decode(part: nil)
                return rest.isEmpty ? nil : rest
            }
            if let isWelcome, await !isWelcome() { throw .unwelcome }
            let bytes = try decode(part: part)
            if !bytes.isEmpty { return bytes }
        }
        return nil
    }

    /// The whole body, at most `limit` decoded bytes.
    package nonisolated(nonsending) func collect(limit: Int) async throws(BodyError) -> [UInt8] {
        source?.bodyIsAwaited()
        switch coding {
        case .identity: try source?.limitBody(to: limit)
        // Before memory grows: one part of a body may decompress to a thousand times as much.
        case .gzip(let decoder): decoder?.limit(to: limit)
        case .unknown: break
        }
        var bytes: [UInt8] = []
        while let part = try await nextOfCollection(limit) {
            guard bytes.count + part.count <= limit else { throw .tooLarge(limitBytes: limit) }
            if bytes.isEmpty { bytes = part } else { bytes.append(contentsOf: part) }
        }
        collected = bytes
        return bytes
    }

    /// The body for whoever reads it once more from its start; nil when parts of it were taken and are gone.
    package var again: RequestBody? {
        if let collected { return RequestBody(bytes: collected) }
        return isBegun ? nil : self
    }

    /// The whole body as it was sent, not decoded, at most `limit` bytes; it can be read as ever afterwards.
    /// For who must know all of it before anything of it may have an effect. To be asked first of all.
    package nonisolated(nonsending) func hold(limit: Int) async throws(BodyError) -> [UInt8] {
        source?.bodyIsAwaited()
        try source?.limitBody(to: limit)
        var bytes: [UInt8] = []
        while let part = try await source?.nextPart() {
            if let isWelcome, await !isWelcome() { throw .unwelcome }
            guard bytes.count + part.count <= limit else { throw .tooLarge(limitBytes: limit) }
            if bytes.isEmpty { bytes = part } else { bytes.append(contentsOf: part) }
        }
        if source != nil { source = ArraySource(bytes) }
        return bytes
    }

    private nonisolated(nonsending) func nextOfCollection(_ limit: Int) async throws(BodyError) -> [UInt8]? {
        do throws(BodyError) {
            return try await next()
        } catch {
            throw error == .encoding(.tooLarge) ? .tooLarge(limitBytes: limit) : error
        }
    }

    private func decode(part: [UInt8]?) throws(BodyError) -> [UInt8] {
        switch coding {
        case .identity: return part ?? []
        case .unknown: throw .unknownEncoding
        case .gzip(let decoder):
            var bytes: [UInt8] = []
            do throws(GzipError) {
                guard let decoder else { throw .outOfMemory }
                if let part { try decoder.decode(part.span, into: &bytes) } else { try decoder.finish() }
            } catch {
                throw .encoding(error)
            }
            return bytes
        }
    }
}

private final class ArraySource: BodySource {
    private var rest: [UInt8]?

    init(_ bytes: [UInt8]) { rest = bytes }

    nonisolated(nonsending) func nextPart() async throws(BodyError) -> [UInt8]? {
        defer { rest = nil }
        return rest
    }

    func limitBody(to bytes: Int) throws(BodyError) {
        if let rest, rest.count > bytes { throw .tooLarge(limitBytes: bytes) }
    }

    func bodyIsAwaited() {}
}
