import OTLP
import Platform

/// The attributes of a resource that say which service it is; the AnyValue of each, the first of equal keys.
struct ServiceIdentity {
  var service: ByteView?
  var namespace: ByteView?
  var instance: ByteView?

  init(_ resource: ResourceView) throws(WireError) {
    var rest = resource.attributes
    while let attribute = try rest.next() {
      if service == nil && attribute.key.equals("service.name") {
        service = attribute.valueBytes
      } else if namespace == nil && attribute.key.equals("service.namespace") {
        namespace = attribute.valueBytes
      } else if instance == nil && attribute.key.equals("service.instance.id") {
        instance = attribute.valueBytes
      }
    }
  }

  /// Writes the `job` label to `text`: `namespace/service`, or the service alone; nothing without a service.
  func appendJob(service: ByteView, to text: inout ByteBuffer, _ scratch: inout ByteBuffer) {
    text.removeAll()
    if service.isEmpty { return }
    if let namespace, let value = try? AnyValueView(namespace),
      (try? AttributeText.append(value, to: &text, depth: 0)) != nil, !text.isEmpty
    {
      text.append(UInt8(ascii: "/"))
    }
    text.append(service)
  }
}
