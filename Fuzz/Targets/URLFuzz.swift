import HTTPClient
import Kernel

extension FuzzTarget {
    /// An accepted URL has one spelling, and what may be reached without leave of the operator is public.
    static let url = FuzzTarget(name: "URL") { input throws(Finding) in
        let text = String(decoding: input, as: UTF8.self)
        try checkAddress(text)
        guard let url = try? OutgoingURL(text, allowance: .privateReceivers) else {
            try require(
                (try? OutgoingURL(text, allowance: .publicOnly)) == nil, "leave of the operator narrows")
            return
        }
        let again = try? OutgoingURL(url.text, allowance: .privateReceivers)
        try require(again == url && again?.text == url.text, "an URL is another after writing and reading")
        try require(url.target.hasPrefix("/"), "a target does not begin with a slash")
        guard (try? OutgoingURL(text, allowance: .publicOnly)) != nil else { return }
        try require(!url.isPlain, "a public receiver is reached without TLS")
        if case .address(let address) = url.host {
            try require(!isInternal(address), "an internal address is reached without leave")
        }
    }

    private static func checkAddress(_ text: String) throws(Finding) {
        guard let address = IPAddress(text) else { return }
        try require(IPAddress("\(address)") == address, "an address is another after writing and reading")
    }

    /// A second opinion, from the RFCs: 1122, 1918, 3927, 6598, 4193, 4291.
    private static func isInternal(_ address: IPAddress) -> Bool {
        let networks = [
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.168.0.0/16", "::/127", "fc00::/7", "fe80::/10",
        ]
        return networks.contains { CIDR($0)?.contains(address) == true }
    }
}
