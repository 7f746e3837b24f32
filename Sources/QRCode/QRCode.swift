/// A QR code (ISO/IEC 18004) of bytes, at error correction level M, in the smallest version that holds them.
package struct QRCode: Equatable, Sendable {
    /// What version 40 holds at level M.
    package static let bytesAtMost = 2_331

    package let version: Int
    package let mask: Int
    private let grid: QRGrid

    /// Nil: more bytes than any version holds.
    /// - Parameter mask: the one to take, rather than the best.
    package init?(_ bytes: [UInt8], mask wanted: Int? = nil) {
        guard let layout = QRLayout.smallest(for: bytes.count) else { return nil }
        var blank = QRGrid(side: layout.side)
        blank.drawPatterns(of: layout)
        blank.draw(layout.interleaved(layout.codewords(of: bytes)))
        let candidates = (wanted.map { $0...$0 } ?? 0...QRMask.count - 1).map { mask in
            var grid = blank
            grid.apply(mask)
            return (mask: mask, grid: grid, penalty: grid.penalty)
        }
        guard let best = candidates.min(by: { $0.penalty < $1.penalty }) else { return nil }
        (version, mask, grid) = (layout.version, best.mask, best.grid)
    }

    /// Modules on each side, without the quiet zone.
    package var side: Int { grid.side }

    package func isDark(column: Int, row: Int) -> Bool { grid[column, row] }
}
