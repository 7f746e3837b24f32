package import HTTPServer
import Kernel

/// Verifies an export as its bytes come, compressed or not. Needs nothing but the bytes: no service, no
/// database.
package struct ExportVerification {
    package enum Refusal: Error, Equatable, Sendable, CustomStringConvertible {
        case notAnExport
        case line(Int)
        case gzip(GzipError)
        case cutOff

        package var description: String {
            switch self {
            case .notAnExport: "this is no keybell-audit/1 export"
            case .line(let number): "line \(number) is no line of an export"
            case .gzip(let error): "the gzip stream is broken: \(error)"
            case .cutOff: "the file is cut off"
            }
        }
    }

    /// The second byte tells gzip (RFC 1952) from a line of JSON for good.
    private static let gzipMagic: UInt8 = 0x1F

    private let pin: CheckpointPin?
    /// Told of every entry, as it comes.
    var onEntry: (ChainEntry) -> Void = { _ in }
    private var decoder: GzipDecoder?
    private var hasBegun = false
    private var rest: [UInt8] = []
    private var lines = 0
    private var verification: Verification?

    package init(pin: CheckpointPin?) { self.pin = pin }

    package mutating func feed(_ bytes: [UInt8]) throws(Refusal) {
        if !hasBegun, let first = bytes.first {
            hasBegun = true
            if first == Self.gzipMagic {
                decoder = try Self.gzip { () throws(GzipError) in try Self.newDecoder() }
            }
        }
        if let decoder {
            try Self.gzip { () throws(GzipError) in try decoder.decode(bytes.span, into: &rest) }
        } else {
            rest += bytes
        }
        try takeLines()
    }

    package consuming func finish() throws(Refusal) -> Verdict {
        if let decoder {
            do throws(GzipError) { try decoder.finish() } catch { throw .cutOff }
        }
        guard rest.isEmpty else { throw .cutOff }
        guard let verification else { throw .notAnExport }
        return verification.finish()
    }

    private mutating func takeLines() throws(Refusal) {
        var start = 0
        while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
            lines += 1
            guard let line = ExportLine(rest[start..<end]) else {
                throw lines == 1 ? .notAnExport : .line(lines)
            }
            try take(line)
            start = end + 1
        }
        rest.removeFirst(start)
        guard rest.count <= ExportLine.lineBytes else { throw .line(lines + 1) }
    }

    private mutating func take(_ line: ExportLine) throws(Refusal) {
        if case .manifest(let manifest) = line, verification == nil {
            verification = Verification(isPartial: manifest.from != nil || manifest.to != nil, pin: pin)
            return
        }
        guard verification != nil else { throw .notAnExport }
        switch line {
        case .manifest: throw .line(lines)
        case .checkpoint(let checkpoint): verification?.checkpoint(checkpoint)
        case .unreadableCheckpoint: verification?.unreadableCheckpoint()
        case .entry(let entry):
            onEntry(entry)
            verification?.entry(entry)
        }
    }

    private static func newDecoder() throws(GzipError) -> GzipDecoder {
        var limits = GzipLimits(decodedBytes: .max)
        // One's own file on one's own machine; memory is bounded by the line.
        limits.ratio = 2_000
        return try GzipDecoder(limits: limits)
    }

    private static func gzip<Result>(_ body: () throws(GzipError) -> Result) throws(Refusal) -> Result {
        do throws(GzipError) { return try body() } catch { throw .gzip(error) }
    }
}
