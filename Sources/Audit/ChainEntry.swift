import Crypto
package import Kernel

/// One entry of a lane's chain, as it is stored and exported.
package struct ChainEntry: Equatable, Sendable {
    package var lane: Int
    package var sequence: Int64
    package var at: Timestamp
    /// The hash of the lane's entry before; zeros for the first.
    package var previous: Digest
    /// The hash of the newest checkpoint, when this is the lane's first entry after it.
    package var checkpoint: Digest?
    package var hash: Digest
    package var body: [UInt8]

    package init(
        lane: Int, sequence: Int64, at: Timestamp, previous: Digest, checkpoint: Digest?, hash: Digest,
        body: [UInt8]
    ) {
        self.lane = lane
        self.sequence = sequence
        self.at = at
        self.previous = previous
        self.checkpoint = checkpoint
        self.hash = hash
        self.body = body
    }

    /// Told apart from a checkpoint's bytes, which begin with a brace.
    private static let domain: UInt8 = 1

    /// What `audit_append` of 0001_base.sql computes: SHA-256 over 0x01, lane (2 bytes), sequence (8),
    /// microseconds since 1970 (8), previous hash, checkpoint hash if there is one, body. Big-endian.
    package var computedHash: Digest {
        var bytes: [UInt8] = [
            Self.domain, UInt8(truncatingIfNeeded: lane >> 8), UInt8(truncatingIfNeeded: lane),
        ]
        bytes.reserveCapacity(96 + body.count)
        withUnsafeBytes(of: (sequence.bigEndian, at.microseconds.bigEndian)) { bytes.append(contentsOf: $0) }
        bytes += previous.bytes
        if let checkpoint { bytes += checkpoint.bytes }
        bytes += body
        return .of(bytes)
    }

    package var isIntact: Bool { computedHash == hash }

    /// Whether it belongs to a neighbouring place: two entries were exchanged.
    var isOfNeighbour: Bool {
        [Int64(-1), 1].contains { step in
            var moved = self
            moved.sequence += step
            return moved.isIntact
        }
    }
}
