package v1alpha1

// QdrantSpec is a Qdrant server or cluster.
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.sharedCollections) || (has(self.sharedCollections) && oldSelf.sharedCollections.all(o, self.sharedCollections.exists(n, n.name == o.name)))",message="a shared collection cannot be taken out: tenants' points may be in it, and its boundary would no longer be looked at"
type QdrantSpec struct {
	// address is host:port of the gRPC API. Immutable.
	// +required
	// +kubebuilder:validation:MaxLength=260
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$')`,message="address is host:port with a port from 1 to 65535 and no scheme, such as qdrant.data:6334"
	Address string `json:"address"`
	// restURL of the REST API, without a path, such as http://qdrant.data:6333. It is written into the Secrets of
	// dedicated tenants. Unset: they name only the gRPC address. A change rewrites the Secrets.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^https?://[^/?#@\s]+$')`,message="restURL is http:// or https://, a host and perhaps a port, without credentials or path, such as http://qdrant.data:6333"
	RESTURL string `json:"restURL,omitempty"`
	// advertise is the gRPC address that Secrets tell workloads. Default address. A change rewrites the Secrets.
	// +optional
	Advertise *Endpoint `json:"advertise,omitempty"`
	// tls of the gRPC connection. Default {mode: System}. A change reconnects.
	// +optional
	TLS *TLSSpec `json:"tls,omitempty"`
	// apiKeySecretRef holds the API key with full rights. Tokens of dedicated tenants are signed with it: a change of the
	// key makes them invalid, and new ones are issued.
	// +required
	APIKeySecretRef SecretKeyReference `json:"apiKeySecretRef"`
	// sharedCollections are declared by the platform and used by many tenants. Default none. One can be added at any time
	// and never taken out.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	SharedCollections []SharedCollection `json:"sharedCollections,omitempty"`
	// maxDedicatedCollections bounds the collections of pattern 1 on this server; each costs memory and open files. From 1
	// to 10000. Default 300. Lowering it keeps the collections that stand and refuses new ones.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	MaxDedicatedCollections int32 `json:"maxDedicatedCollections,omitempty"`
}

// SharedCollection is one collection that many tenants use through the gateway.
//
// +kubebuilder:validation:XValidation:rule="self.vectors == oldSelf.vectors",message="the vectors of a shared collection are immutable: Qdrant cannot change them without a new collection"
// +kubebuilder:validation:XValidation:rule="has(self.sparseVectors) == has(oldSelf.sparseVectors) && (!has(self.sparseVectors) || (size(self.sparseVectors) == size(oldSelf.sparseVectors) && self.sparseVectors.all(s, oldSelf.sparseVectors.exists(o, o.name == s.name))))",message="the names in sparseVectors of a shared collection are immutable: Qdrant cannot change them without a new collection"
// +kubebuilder:validation:XValidation:rule="(has(self.shardNumber) ? self.shardNumber : 1) == (has(oldSelf.shardNumber) ? oldSelf.shardNumber : 1)",message="shardNumber is immutable: Qdrant cannot change it without a new collection"
// +kubebuilder:validation:XValidation:rule="!has(self.sparseVectors) || self.sparseVectors.all(s, !self.vectors.exists(v, v.name == s.name))",message="a name cannot be both in vectors and sparseVectors"
type SharedCollection struct {
	// name of the collection on the server: lower-case letters, digits, underscores and hyphens. Names that begin with
	// tenant_, reference_ or tenantry belong to Tenantry. Immutable.
	// +required
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z0-9]([a-z0-9_-]*[a-z0-9])?$')`,message="the name of a shared collection has lower-case letters, digits, underscores and hyphens, and begins and ends with a letter or digit"
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('tenant_') && !self.startsWith('reference_') && !self.startsWith('tenantry')",message="names that begin with tenant_, reference_ or tenantry belong to Tenantry"
	Name string `json:"name"`
	// vectors of every point. Immutable.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Vectors []VectorSpec `json:"vectors"`
	// sparseVectors of every point. Default none. Their names are immutable.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	SparseVectors []SparseVectorSpec `json:"sparseVectors,omitempty"`
	// payloadIndexes beside those on tenant_id and corpus_id, which are always there. Default none. One that is added is
	// built for all tenants; one that is taken out is dropped on the server.
	// +optional
	// +listType=map
	// +listMapKey=field
	// +kubebuilder:validation:MaxItems=32
	PayloadIndexes []PayloadIndexSpec `json:"payloadIndexes,omitempty"`
	// shardNumber of the collection, from 1 to 128. Default 1. Immutable.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=128
	ShardNumber int32 `json:"shardNumber,omitempty"`
	// replicationFactor of the collection, from 1 to 16. Default 1. A change is told to the server, which does not move
	// existing shards by itself.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=16
	ReplicationFactor int32 `json:"replicationFactor,omitempty"`
	// quantization of the vectors in memory: None, Scalar (int8, a quarter of the memory) or Binary (1 bit). Default None.
	// A change makes the server rebuild its segments in the background.
	// +optional
	// +kubebuilder:validation:Enum=None;Scalar;Binary
	Quantization string `json:"quantization,omitempty"`
	// onDisk: Enabled keeps the original vectors on disk instead of in memory. Default Disabled. A change makes the server
	// rebuild its segments in the background.
	// +optional
	OnDisk Switch `json:"onDisk,omitempty"`
	// hnsw tunes the per-tenant graphs. Default payloadM 16 and efConstruct 100. A change makes the server rebuild them in
	// the background.
	// +optional
	HNSW *SharedHNSWSpec `json:"hnsw,omitempty"`
}

// SharedHNSWSpec tunes the index of a shared collection. There is no global graph: it would be searched across tenants.
type SharedHNSWSpec struct {
	// payloadM is the number of edges per node in each tenant's graph, from 4 to 128. Default 16. More is more exact and
	// takes more memory.
	// +optional
	// +kubebuilder:validation:Minimum=4
	// +kubebuilder:validation:Maximum=128
	PayloadM int32 `json:"payloadM,omitempty"`
	// efConstruct is the number of neighbours considered while building, from 4 to 2000. Default 100. More is more exact
	// and slower to build.
	// +optional
	// +kubebuilder:validation:Minimum=4
	// +kubebuilder:validation:Maximum=2000
	EfConstruct int32 `json:"efConstruct,omitempty"`
}
