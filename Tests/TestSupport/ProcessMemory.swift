import Glibc

/// The memory of a running process as a file, for whoever may trace it (ptrace(2)).
package struct ProcessMemory {
    package enum Part: Sendable {
        /// What a core file would hold, were there one.
        case dumped
        /// What is kept out of one: MADV_DONTDUMP.
        case keptOut
    }

    private struct Region {
        let addresses: Range<UInt64>
        var isKeptOut = false
    }

    private static let pieceBytes = 1 << 20
    private let descriptor: Int32
    private let regions: [Region]

    /// - Throws: when nobody lets us, or it is gone.
    package init(of pid: Int32) throws {
        let map = readWhole("/proc/\(pid)/smaps") ?? ""
        regions = Self.regions(map)
        descriptor = open("/proc/\(pid)/mem", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0, !regions.isEmpty else {
            throw Impatience("no memory of \(pid): error \(errno)")
        }
    }

    package func close() { _ = Glibc.close(descriptor) }

    /// Answers how many bytes there were.
    package func copy(_ part: Part, to path: String) throws -> Int {
        guard let file = fopen(path, "we") else { throw Impatience("\(path) cannot be written") }
        defer { fclose(file) }
        var piece = [UInt8](repeating: 0, count: Self.pieceBytes)
        var written = 0
        for region in regions where region.isKeptOut == (part == .keptOut) {
            var place = region.addresses.lowerBound
            while place < region.addresses.upperBound {
                let wanted = min(Self.pieceBytes, Int(region.addresses.upperBound - place))
                let count = pread(descriptor, &piece, wanted, off_t(place))
                // Guard pages, and what was given back meanwhile.
                guard count > 0 else { break }
                guard fwrite(piece, 1, count, file) == count else { throw Impatience("\(path) is cut off") }
                (place, written) = (place + UInt64(count), written + count)
            }
        }
        return written
    }

    /// All but programs' and libraries' own text, by proc(5).
    private static func regions(_ map: String) -> [Region] {
        var regions: [Region] = []
        var isWanted = false
        for line in map.split(separator: "\n") {
            let words = line.split(separator: " ")
            let ends = words[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
            if ends.count == 2, words.count >= 5 {
                let isOurs = words.count == 5 || words[5] == "[heap]" || words[5].hasPrefix("[stack")
                isWanted = isOurs || words[1].contains("w")
                if isWanted { regions.append(Region(addresses: ends[0]..<ends[1])) }
            } else if words[0] == "VmFlags:", isWanted {
                regions[regions.count - 1].isKeptOut = words.contains("dd")
            }
        }
        return regions
    }
}
