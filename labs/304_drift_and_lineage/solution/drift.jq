# The images, machines and templates of a region, to a list of what is stale.
def tags: (.Tags // []) | from_entries;

.[0].Images as $images
| .[1].Reservations as $reservations
| (.[2].Parameters | map({ key: .Name, value: .Value }) | from_entries) as $current
| ($images | map(tags + { id: .ImageId, name: .Name, made: .CreationDate })) as $all
| ($all | map({ key: .id, value: . }) | from_entries) as $by_id
| ($all | map(select(.BuildRun))) as $built

# Whether the pipeline has made a later image of the same role.
| def replaced: . as $image | any($built[]; .Role == $image.Role and .made > $image.made);

# The images that an image was built on, the nearest first; null where one is not there.
  def lineage: if .BaseAMI then $by_id[.BaseAMI] | ., (values | lineage) else empty end;

  def reasons:
    if .BuildRun == null then "by-hand"
    else
      (if .TemplateSha != $current["/templates/" + .Role] then "old-template" else empty end),
      (if any(if .BaseAMI then lineage else . end | values; replaced) then "old-base" else empty end),
      (if any(lineage; . == null) then "gone-base" else empty end)
    end;

  ($all | map({ id, name, why: reasons })) as $stale
| ([$all[].id] - [$stale[].id]) as $fresh
| $stale
  + [
      $reservations[].Instances[]
      | select([.ImageId] - $fresh != [])
      | { id: .InstanceId, name: tags.Name, why: "stale-image" }
    ]
