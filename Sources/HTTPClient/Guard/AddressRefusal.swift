/// Why an address is not connected to. For logs and delivery records; outsiders read one text for all.
package enum AddressRefusal: String, Error, Sendable {
    /// A cloud's metadata service, which hands out credentials.
    case metadata = "metadata_address"
    /// This service itself.
    case ownAddress = "own_address"
    /// Loopback or a private network, without the operator's allowance.
    case privateAddress = "private_address"
    /// Not an address of one host of the public internet: reserved, documentation, multicast, a transition
    /// form.
    case reservedAddress = "reserved_address"
    /// Plain http, to a public receiver or without an allowance.
    case plainHTTP = "plain_http"
    /// A port outside the allow-list.
    case port = "port"
    /// A name that answered with no address at all.
    case noAddress = "no_address"
}
