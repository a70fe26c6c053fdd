// Package desired turns resources into desired state. It is pure: what it needs from the cluster is handed in.
package desired

import (
	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
)

// Shape is the shape of a collection as the API declares it.
func Shape(
	dense []tenantryv1.VectorSpec, sparse []tenantryv1.SparseVectorSpec, indexes []tenantryv1.PayloadIndexSpec,
) boundary.Shape {
	var s boundary.Shape
	for _, v := range dense {
		s.Vectors = append(s.Vectors, boundary.DenseVector{Name: v.Name, Size: uint64(v.Size), Distance: string(v.Distance)})
	}
	for _, v := range sparse {
		s.SparseVectors = append(s.SparseVectors, boundary.SparseVector{
			Name: v.Name, IDF: v.Modifier == tenantryv1.SparseModifierIdf,
		})
	}
	for _, i := range indexes {
		s.PayloadIndexes = append(s.PayloadIndexes, boundary.PayloadIndex{Field: i.Field, Type: string(i.Type)})
	}
	return s
}
