import HTTPServer
import JSON
import Kernel
import Postgres

/// Streams the trail as gzip of NDJSON, a page at a time.
struct AuditExport {
    let reading: TrailReading
    let clock: Clock

    /// Compressed bytes that are collected before they are sent.
    private static let chunkBytes = 64 * 1_024

    /// Marks the checkpoints as exported when the client has taken everything.
    nonisolated(nonsending) func write(
        _ manifest: ExportLine.Manifest, _ part: TrailReading.Part, to writer: any BodyWriter
    ) async throws {
        let output = Output(writer, encoder: try GzipEncoder(level: 1))
        try await output.write([.manifest(manifest)])
        try await reading.eachCheckpoint(part) { page in
            try await output.write(page.map { $0.map(ExportLine.checkpoint) ?? .unreadableCheckpoint })
        }
        try await reading.eachEntry(part) { page in try await output.write(page.map(ExportLine.entry)) }
        try await output.finish()
        if let numbers = part.checkpoints {
            try await reading.checkpoints.markExported(numbers, at: clock.now())
        }
    }

    private final class Output {
        private let writer: any BodyWriter
        private let encoder: GzipEncoder
        private var chunk: [UInt8] = []

        init(_ writer: any BodyWriter, encoder: GzipEncoder) {
            (self.writer, self.encoder) = (writer, encoder)
        }

        nonisolated(nonsending) func write(_ lines: [ExportLine]) async throws {
            // Cut off, so that the client sees that it is not whole.
            if writer.isDraining { throw BodyError.disconnected }
            var w = JSONWriter(capacity: 4_096)
            for line in lines {
                line.write(to: &w)
                w.endLine()
            }
            encoder.encode(w.bytes.span, into: &chunk)
            if chunk.count >= AuditExport.chunkBytes { try await send() }
        }

        nonisolated(nonsending) func finish() async throws {
            encoder.finish(into: &chunk)
            try await send()
        }

        private nonisolated(nonsending) func send() async throws {
            try await writer.write(chunk)
            chunk.removeAll(keepingCapacity: true)
        }
    }
}
